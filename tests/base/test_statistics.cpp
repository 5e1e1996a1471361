#include "base/statistics.h"

#include <doctest/doctest.h>

#include "base/disjoint_sets.h"

using namespace cvtool;

TEST_CASE("Of two numbers in the middle the upper median is the larger, and the median is their mean") {
  CHECK(upper_median({3, 1, 2}) == 2);
  CHECK(upper_median({4, 1, 3, 2}) == 3);
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  CHECK(median({7}) == 7);
}

TEST_CASE("Quantiles and the fence are NumPy's, and the spread is that of a sample") {
  // numpy.quantile([9, 1, 4, 2], [0, .25, .5, .75, 1])
  CHECK(quantile({9, 1, 4, 2}, 0) == 1);
  CHECK(quantile({9, 1, 4, 2}, 0.25) == doctest::Approx(1.75));
  CHECK(quantile({9, 1, 4, 2}, 0.5) == doctest::Approx(3));
  CHECK(quantile({9, 1, 4, 2}, 0.75) == doctest::Approx(5.25));
  CHECK(quantile({9, 1, 4, 2}, 1) == 9);
  CHECK(upper_fence({9, 1, 4, 2}) == doctest::Approx(10.5));
  CHECK(mean_and_spread({1, 2, 6}).mean == doctest::Approx(3));
  CHECK(mean_and_spread({1, 2, 6}).spread == doctest::Approx(2.6457513));  // statistics.stdev
  CHECK(mean_and_spread({4}).spread == 0);
}

TEST_CASE("What is joined with one is joined with all, and the first of them leads") {
  DisjointSets sets(6);
  sets.join(4, 5);
  sets.join(1, 5);
  sets.join(3, 2);
  CHECK(sets.first_of(0) == 0);
  for (const size_t i : {1, 4, 5}) CHECK(sets.first_of(i) == 1);
  for (const size_t i : {2, 3}) CHECK(sets.first_of(i) == 2);
}
