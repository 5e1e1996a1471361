#include "metrics/two_sample.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "metrics/significance.h"

using namespace cvtool;

namespace {

FeatureRows drawn(uint64_t seed, int64_t count, double offset, double spread = 1) {
  Random random(seed, "two-sample test");
  FeatureRows rows{3, {}};
  for (int64_t i = 0; i < 3 * count; ++i) rows.values.push_back(offset + spread * random.normal());
  return rows;
}

TwoSampleTest compared(const FeatureRows& first, const FeatureRows& second, int64_t permutations = 199) {
  TwoSampleOptions options;
  options.permutations = permutations;
  return tell_apart(first, second, options);
}

}  // namespace

TEST_CASE("Sets that lie apart are told apart, and the rows that differ most have the highest scores") {
  FeatureRows second = drawn(2, 30, 0);
  for (size_t i = 0; i < 45; ++i) second.values[i] += 5;  // the first 15 of its rows
  const TwoSampleTest test = compared(drawn(1, 40, 0), second);
  CHECK(test.auc > 0.65);  // half of them cannot be told apart: 0.75 is the most
  CHECK(test.auc < 0.85);
  CHECK(test.p_value < 0.03);
  double moved = 0, stayed = 0;
  for (size_t i = 0; i < 15; ++i) moved += test.scores[40 + i] / 15;
  for (size_t i = 15; i < 30; ++i) stayed += test.scores[40 + i] / 15;
  CHECK(moved > stayed + 0.3);
}

TEST_CASE("A spread that differs is drift too, though the means are the same") {
  const TwoSampleTest test = compared(drawn(1, 60, 0), drawn(2, 60, 0, 3));
  CHECK(test.auc > 0.75);
  CHECK(test.p_value < 0.01);
}

TEST_CASE("Two numbers that never mix: worked out by hand") {
  // Rows at -1 and 1 once standardized; a squared distance is 0 or 4, so the kernel is 1 or 1/e.
  const FeatureRows zeros{1, std::vector<double>(5, 0)}, ones{1, std::vector<double>(5, 1)};
  const TwoSampleTest test = compared(zeros, ones, 999);
  CHECK(test.auc == 1);
  // Four of each are learnt from: weights +-w with w (1 + 4 - 4/e) = 1/2, and 4 w (1 - 1/e) is said of a row.
  const double e = std::exp(-1.0), said = 4 * (1 - e) / 2 / (5 - 4 * e);
  for (size_t i = 0; i < 10; ++i) CHECK(test.scores[i] == doctest::Approx(i < 5 ? -said : said).epsilon(1e-9));
  // Only where the two rows of every fold keep their marks (or none does, which reads the same the other way round) is
  // it as high: 2 of 2^5.
  CHECK(test.p_value == doctest::Approx(2.0 / 32).epsilon(0.35));
}

TEST_CASE("Where both sets come from one source p-values are uniform") {
  int64_t below_05 = 0, below_50 = 0;
  double sum = 0;
  constexpr int64_t kDraws = 200;
  for (int64_t i = 0; i < kDraws; ++i) {
    const auto seed = static_cast<uint64_t>(2 * i);
    const double p = compared(drawn(100 + seed, 14, 0), drawn(101 + seed, 22, 0), 99).p_value;
    below_05 += p <= 0.05;
    below_50 += p <= 0.5;
    sum += p / kDraws;
  }
  CAPTURE(below_05);
  CAPTURE(below_50);
  const Interval at_05 = wilson_interval(below_05, kDraws), at_50 = wilson_interval(below_50, kDraws);
  CHECK((at_05.low <= 0.05 && 0.05 <= at_05.high));
  CHECK((at_50.low <= 0.5 && 0.5 <= at_50.high));
  CHECK(sum == doctest::Approx(0.505).epsilon(0.1));
}

TEST_CASE("Threads change nothing; another seed does") {
  const FeatureRows first = drawn(1, 20, 0), second = drawn(2, 25, 0.3);
  TwoSampleOptions options;
  options.permutations = 99;
  options.workers = 1;
  const TwoSampleTest one = tell_apart(first, second, options);
  options.workers = 4;
  const TwoSampleTest four = tell_apart(first, second, options);
  CHECK(one.auc == four.auc);
  CHECK(one.p_value == four.p_value);
  CHECK(one.scores == four.scores);
  options.seed = 7;
  CHECK(tell_apart(first, second, options).folds != one.folds);
}

TEST_CASE("Rows that are beside one another are held out together, and pairs that differ alike are told apart") {
  // The second set's rows are the first's, all moved by as much: far less than rows differ from one another.
  const FeatureRows first = drawn(40, 30, 0);
  FeatureRows second = first;
  for (size_t i = 0; i < second.values.size(); i += static_cast<size_t>(second.width)) second.values[i] += 0.8;
  TwoSampleOptions options;
  options.permutations = 99;
  const double hidden = tell_apart(first, second, options).auc;
  for (size_t i = 0; i < 60; ++i) options.beside.push_back(i % 30);
  const TwoSampleTest test = tell_apart(first, second, options);
  for (size_t i = 0; i < 30; ++i) CHECK(test.folds[i] == test.folds[i + 30]);
  CHECK(test.auc > hidden + 0.1);
  CHECK(test.auc > 0.55);
  // All of one photo: nothing can be told.
  options.beside.assign(60, 0);
  CHECK(tell_apart(first, second, options).auc >= 0);
}

TEST_CASE("Up to what chance gives the p-value is above a twentieth") {
  int64_t above = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    const TwoSampleTest test = compared(drawn(500 + 2 * i, 15, 0), drawn(501 + 2 * i, 15, 0.4), 199);
    CHECK((test.auc > test.chance) == (test.p_value <= 0.05));
    above += test.auc > test.chance;
  }
  CHECK((above > 4 && above < 36));
}

TEST_CASE("Equal rows are not told apart, and a copied set is none that drifted") {
  const FeatureRows same{2, std::vector<double>(20, 4)};
  CHECK(compared(same, same).auc == 0.5);
  CHECK(compared(same, same).p_value == 1);
  const FeatureRows rows = drawn(3, 40, 0);
  CHECK(compared(rows, rows).p_value > 0.5);
}

TEST_CASE("What cannot be compared is refused") {
  const FeatureRows five = drawn(1, 5, 0);
  CHECK_THROWS_WITH_AS(compared(five, drawn(2, 4, 0)),
                       "to compare two sets each needs 5 photos that can be read, and one has 4; add photos to it",
                       DataError);
  CHECK_THROWS_AS(compared(five, FeatureRows{2, std::vector<double>(20)}), Error);
  FeatureRows broken = five;
  broken.values[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(compared(five, broken), Error);
}

TEST_CASE("The area under the curve counts pairs, equal ones half") {
  CHECK(higher_in_second({1, 2}, {3, 4}) == 1);
  CHECK(higher_in_second({1, 2}, {2, 0}) == doctest::Approx(1.5 / 4));
}

TEST_CASE("Chi-square's tail is scipy's") {
  CHECK(chi_square_above(0, 3) == 1);
  CHECK(chi_square_above(3.84, 1) == doctest::Approx(0.05004352124870519).epsilon(1e-12));
  CHECK(chi_square_above(0.1, 2) == doctest::Approx(0.951229424500714).epsilon(1e-12));
  CHECK(chi_square_above(10, 4) == doctest::Approx(0.04042768199451279).epsilon(1e-12));
  CHECK(chi_square_above(7.3, 5) == doctest::Approx(0.19926778992124214).epsilon(1e-12));
  CHECK(chi_square_above(1200, 1000) == doctest::Approx(1.2255942330622893e-05).epsilon(1e-9));
}

TEST_CASE("Shares of classes are compared") {
  const SharesTest test = compare_shares({30, 20, 10, 0}, {20, 25, 25, 0});
  CHECK(test.statistic == doctest::Approx(8.263794406651549).epsilon(1e-12));
  CHECK(test.p_value == doctest::Approx(0.016052395257302402).epsilon(1e-12));
  CHECK(test.freedom == 2);
  CHECK_FALSE(test.shuffled);
  CHECK(test.distance == doctest::Approx(3.0 / 14));
  // The same shares of sets of different size, classes that have nothing in common, and nothing to compare.
  CHECK(compare_shares({40, 60}, {400, 600}).distance == doctest::Approx(0));
  CHECK(compare_shares({40, 60}, {400, 600}).p_value == doctest::Approx(1));
  CHECK(compare_shares({50, 0}, {0, 50}).distance == 1);
  CHECK(compare_shares({50, 0}, {60, 0}).freedom == 0);
}

TEST_CASE("Of rare classes the p-value is Fisher's, by shuffling") {
  // Of a table of two by two both order tables alike here: scipy.stats.fisher_exact gives 0.034965.
  const SharesTest test = compare_shares({8, 2}, {1, 5});
  CHECK(test.shuffled);
  CHECK(test.p_value == doctest::Approx(0.034965).epsilon(0.2));
}

TEST_CASE("The interval of an expected share is Wilson's") {
  const Interval nine_of_ten = expected_interval(0.9, 10), counted = wilson_interval(9, 10);
  CHECK(nine_of_ten.low == doctest::Approx(counted.low));
  CHECK(nine_of_ten.high == doctest::Approx(counted.high));
  CHECK(expected_interval(0.9, 5).low < 0.5);
}
