#include "metrics/conformal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

using namespace cvtool;

namespace {

// Probabilities that follow no model in particular: the label's is drawn, the others share what is left.
Predictions drawn_predictions(uint64_t seed, int64_t count) {
  Predictions p;
  p.classes = 4;
  Random random(seed, "conformal");
  for (int64_t row = 0; row < count; ++row) {
    p.labels.push_back(random.below(4));
    const double right = std::sqrt(random.uniform());
    const double second = (1 - right) * random.uniform(0.5, 1);
    for (int64_t k = 0; k < 4; ++k)
      p.probabilities.push_back(k == p.labels.back()             ? right
                                : k == (p.labels.back() + 1) % 4 ? second
                                                                 : (1 - right - second) / 2);
  }
  return p;
}

std::vector<double> right_ones(const Predictions& p) {
  std::vector<double> right;
  for (int64_t row = 0; row < p.count(); ++row) right.push_back(p.probability(row, p.labels[static_cast<size_t>(row)]));
  std::sort(right.begin(), right.end());
  return right;
}

}  // namespace

TEST_CASE("A coverage takes as many photos as one over what it leaves out") {
  CHECK(photos_for_coverage(0.9) == 10);
  CHECK(photos_for_coverage(0.95) == 20);
  CHECK(photos_for_coverage(0.99) == 100);
  CHECK(photos_for_coverage(0.8) == 5);
  CHECK(photos_for_coverage(0.85) == 7);
}

TEST_CASE("The least probability is that of the right score, counted by hand") {
  // Scores 1 - p: 0.1, 0.2, ... 0.9. Of nine, the ceil(10 * 0.9) = 9th smallest; the ceil(10 * 0.5) = 5th.
  const std::vector<double> right{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  CHECK(least_probability(right, 0.9) == 0.1);
  CHECK(least_probability(right, 0.8) == 0.2);
  CHECK(least_probability(right, 0.5) == 0.5);
  CHECK(least_probability(right, 0.05) == 0.9);
}

TEST_CASE("All that is probable enough is possible, and the most probable class in any case") {
  CHECK(possible_count({0.6, 0.3, 0.1}, 0.3) == 2);
  CHECK(possible_count({0.6, 0.3, 0.1}, 0.31) == 1);
  CHECK(possible_count({0.6, 0.3, 0.1}, 0.9) == 1);
  CHECK(possible_count({0.6, 0.3, 0.1}, 0) == 3);
}

TEST_CASE("Coverage, its size and its single ones are counted as they are") {
  Predictions p;
  p.classes = 3;
  p.labels = {0, 1, 2, 0};
  p.probabilities = {0.7, 0.2, 0.1, 0.5, 0.4, 0.1, 0.5, 0.4, 0.1, 0.2, 0.5, 0.3};
  // At 0.5 of five photos the third smallest score: p >= 0.35. Sets {0}, {0,1}, {0,1}, {1}.
  const CoverageReached reached = coverage_reached(p, {0.1, 0.2, 0.35, 0.8, 0.9}, 0.5);
  CHECK(reached.reached == 0.5);
  CHECK(reached.mean_size == 1.5);
  CHECK(reached.singles == 0.5);
  CHECK(reached.interval.low < 0.5);
  CHECK(reached.interval.high > 0.5);
}

// The mean over calibrations is at least what is asked, and at most 1 / (n + 1) more (Lei et al., "Distribution-Free
// Predictive Inference for Regression", JASA 2018, theorem 2); that the most probable class is always in adds to it.
TEST_CASE("Over many calibrations the coverage is what was asked for") {
  for (const double asked : {0.9, 0.75}) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      const Predictions fresh = drawn_predictions(2 * seed, 200);
      const std::vector<double> calibration = right_ones(drawn_predictions(2 * seed + 1, 60)),
                                right = right_ones(fresh);
      const double least = least_probability(calibration, asked);
      const auto held = right.end() - std::lower_bound(right.begin(), right.end(), least);
      sum += static_cast<double>(held) / 200;
      CHECK(coverage_reached(fresh, calibration, asked).reached >= static_cast<double>(held) / 200);
    }
    CHECK(sum / 200 > asked - 0.008);
    CHECK(sum / 200 < asked + 1.0 / 61 + 0.008);
  }
}

TEST_CASE("A photo is as familiar as the share of known ones that lie as far away") {
  const std::vector<double> distances{1, 2, 3, 4};
  CHECK(familiarity(distances, 0.5) == 1);
  CHECK(familiarity(distances, 3) == 0.6);
  CHECK(familiarity(distances, 5) == 0.2);
}
