#include "search/scores.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

using namespace cvtool;

namespace {

// `right` of `count` photos are named right; each has the loss.
PhotoScores scores(int count, int right, double loss) {
  PhotoScores out;
  for (int i = 0; i < count; ++i) {
    out.right.push_back(i < right ? 1 : 0);
    out.loss.push_back(loss);
    out.named.push_back(0);
  }
  return out;
}

}  // namespace

TEST_CASE("a photo's score is its class's probability and whether that is the largest") {
  const at::Tensor p = at::tensor({0.7, 0.2, 0.1, 0.3, 0.3, 0.4}, at::kDouble).view({2, 3});
  const PhotoScores s = scores_of(p.log(), at::tensor({int64_t{0}, int64_t{1}}));
  CHECK(s.loss[0] == doctest::Approx(-std::log(0.7)));
  CHECK(s.loss[1] == doctest::Approx(-std::log(0.3)));
  CHECK(s.right == std::vector<double>{1, 0});
  CHECK(s.accuracy() == 0.5);
  CHECK(s.mistakes() == 1);
  CHECK(s.part({1}).right == std::vector<double>{0});
}

TEST_CASE("better is what names more photos right, by more than chance") {
  CHECK(is_better(scores(100, 95, 1), scores(100, 80, 1)));
  CHECK_FALSE(is_better(scores(100, 80, 1), scores(100, 95, 1)));
  CHECK_FALSE(is_better(scores(100, 90, 1), scores(100, 90, 1)));
  // One photo more of a hundred is within one standard error.
  CHECK_FALSE(is_better(scores(100, 91, 1), scores(100, 90, 1)));
}

TEST_CASE("where both name as many right, the loss decides; where fewer are right it does not") {
  CHECK(is_better(scores(100, 90, 0.1), scores(100, 90, 0.3)));
  CHECK_FALSE(is_better(scores(100, 90, 0.3), scores(100, 90, 0.1)));
  CHECK_FALSE(is_better(scores(100, 89, 0.1), scores(100, 90, 0.3)));
  PhotoScores noisy = scores(4, 2, 0.3);
  noisy.loss = {0.1, 0.6, 0.1, 0.35};
  CHECK_FALSE(is_better(noisy, scores(4, 2, 0.3)));
}
