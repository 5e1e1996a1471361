#include "metrics/detection.h"

#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("AUROC counts the pairs in which the other photo has the larger number, equal ones half") {
  // Pairs: 2 > 1, 2 = 2, 2 < 3, 4 > all three: 1 + 0.5 + 0 + 3 of 6.
  CHECK(detection_of({3, 1, 2}, {2, 4}).auroc == doctest::Approx(4.5 / 6));
  CHECK(detection_of({1, 2}, {3, 4}).auroc == 1);
  CHECK(detection_of({3, 4}, {1, 2}).auroc == 0);
}

TEST_CASE("The false positive rate is taken where 95 % of the known photos are accepted") {
  std::vector<double> known;
  for (int i = 1; i <= 20; ++i) known.push_back(i);
  // 19 of 20 lie up to 19.
  CHECK(detection_of(known, {18, 19, 19.5, 40}).fpr95 == 0.5);
  CHECK(detection_of({1, 2, 3}, {3, 4}).fpr95 == 0.5);
}
