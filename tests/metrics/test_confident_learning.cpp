#include "metrics/confident_learning.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace cvtool;

namespace {

// Four photos of each of two classes; the last of each says that it is the other one.
Predictions eight() {
  Predictions p;
  p.classes = 2;
  p.labels = {0, 0, 0, 0, 1, 1, 1, 1};
  for (const double first : {0.9, 0.8, 0.7, 0.2, 0.1, 0.2, 0.4, 0.7}) {
    p.probabilities.push_back(first);
    p.probabilities.push_back(1 - first);
  }
  return p;
}

std::vector<double> joint_of(const Predictions& p) {
  return calibrated_joint(confident_joint(p, class_thresholds(p)), p.labels, p.classes);
}

}  // namespace

TEST_CASE("The confident joint of eight photos is the one worked out by hand") {
  const Predictions p = eight();
  const auto thresholds = class_thresholds(p);
  CHECK(thresholds[0] == doctest::Approx((0.9 + 0.8 + 0.7 + 0.2) / 4));
  CHECK(thresholds[1] == doctest::Approx((0.9 + 0.8 + 0.6 + 0.3) / 4));
  // The seventh photo, 0.4 and 0.6, reaches neither 0.65.
  const auto counts = confident_joint(p, thresholds);
  CHECK(counts == std::vector<int64_t>{3, 1, 1, 2});
  const auto joint = calibrated_joint(counts, p.labels, 2);
  const double expected[] = {3.0 / 8, 1.0 / 8, 4.0 / 24, 8.0 / 24};
  for (size_t i = 0; i < 4; ++i) CHECK(joint[i] == doctest::Approx(expected[i]));
}

TEST_CASE("Of the photos that reach several thresholds, the most probable class is counted") {
  Predictions p;
  p.classes = 3;
  p.labels = {0, 1, 2, 2};
  p.probabilities = {0.4, 0.5, 0.1, 0.45, 0.4, 0.15, 0.05, 0.05, 0.9, 0.05, 0.05, 0.9};
  // The thresholds are 0.4, 0.4 and 0.9: the first two photos reach two of them each.
  CHECK(confident_joint(p, class_thresholds(p)) == std::vector<int64_t>{0, 1, 0, 1, 0, 0, 0, 0, 2});
}

TEST_CASE("The most probable class is no guess where its threshold is not reached") {
  Predictions p;
  p.classes = 2;
  p.labels = {0, 0, 1, 1};
  // Thresholds 0.8 and 0.35: the last photo is 0.7 of class 0, which does not reach it, and 0.3 of class 1, nor that.
  p.probabilities = {0.9, 0.1, 0.7, 0.3, 0.6, 0.4, 0.7, 0.3};
  CHECK(confident_joint(p, class_thresholds(p)) == std::vector<int64_t>{1, 0, 0, 1});
}

TEST_CASE("Pruning by noise rate takes as many as the joint says, the least self-confident first") {
  const Predictions p = eight();
  const auto issues = label_issues(p, joint_of(p));
  REQUIRE(issues.size() == 2);
  CHECK(issues[0].row == 3);
  CHECK(issues[0].suggested == 1);
  CHECK(issues[0].self_confidence == doctest::Approx(0.2));
  CHECK(issues[0].margin == doctest::Approx((0.2 - 0.8 + 1) / 2));
  CHECK(issues[1].row == 7);
  CHECK(issues[1].suggested == 0);
}

TEST_CASE("A photo whose label is the most probable class is no issue, and one of each label stays") {
  Predictions p = eight();
  // The joint that is given says that all labels of class 0 are wrong.
  const auto issues = label_issues(p, {0, 0.5, 0, 0.5});
  REQUIRE(issues.size() == 1);
  CHECK(issues[0].row == 3);
  p.labels = {0, 0, 0, 0, 0, 0, 0, 0};
  for (size_t i = 0; i < 8; ++i) p.probabilities[2 * i] = 0.1, p.probabilities[2 * i + 1] = 0.9 + 0.001 * double(i);
  CHECK(label_issues(p, {0, 1, 0, 0}).size() == 7);
}

TEST_CASE("A label without a photo, or without a confident one, is taken as it is") {
  Predictions p = eight();
  p.labels = {0, 0, 0, 0, 0, 0, 0, 0};
  const auto thresholds = class_thresholds(p);
  CHECK(std::isinf(thresholds[1]));
  const auto joint = calibrated_joint({0, 0, 0, 0}, p.labels, 2);
  CHECK(joint == std::vector<double>{1, 0, 0, 0});
  CHECK(label_issues(p, joint).empty());
}

TEST_CASE("Classes that are taken for each other are named, the most first") {
  const auto overlaps = class_overlaps({0.2, 0.1, 0, 0.1, 0.2, 0.02, 0, 0, 0.38}, 3);
  REQUIRE(overlaps.size() == 2);
  CHECK(overlaps[0].first == 0);
  CHECK(overlaps[0].second == 1);
  CHECK(overlaps[0].share == doctest::Approx(0.2 / 0.62));
  CHECK(overlaps[1].first == 1);
  CHECK(overlaps[1].second == 2);
}
