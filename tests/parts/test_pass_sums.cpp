#include "parts/pass_sums.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <stdexcept>

using namespace cvtool;

TEST_CASE("A processor's batches are known at once, and each is checked before it is added") {
  RunningSums sums;
  std::vector<int64_t> steps;
  PassSums all(sums, [&](double loss, int64_t step) {
    if (loss > 5) throw std::runtime_error("too much");
    steps.push_back(step);
  });
  const auto batch = [](double loss, int64_t correct, int64_t count) {
    return BatchMetrics{at::full({}, loss, at::kDouble), at::full({}, correct, at::kLong), count};
  };
  all.add(batch(0.5, 3, 4), 7);
  CHECK(sums.mean_loss() == 0.5);
  all.add(batch(2, 1, 2), 8);
  CHECK(sums.loss == 6);
  CHECK(sums.correct == 4);
  CHECK(all.samples() == 6);
  CHECK_THROWS(all.add(batch(6, 1, 2), 9));
  CHECK(sums.samples == 6);
  CHECK((steps == std::vector<int64_t>{7, 8}));
  all.fetch();  // what was refused does not come again
  CHECK(sums.samples == 6);
}
