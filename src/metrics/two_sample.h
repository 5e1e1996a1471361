// Whether two sets of photos can be told apart by numbers that are known of each photo (the two-sample problem).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace cvtool {

// One row of finite numbers for each photo.
struct FeatureRows {
  int64_t width = 0;
  std::vector<double> values;  // [count, width], row by row
  int64_t count() const { return width > 0 ? static_cast<int64_t>(values.size()) / width : 0; }
};

// Of either set; with fewer nothing can be said.
constexpr int64_t kFewestToCompare = 5;

struct TwoSampleOptions {
  uint64_t seed = 42;
  int64_t permutations = 999;
  int64_t workers = 0;           // 0: one per core; changes no result
  std::vector<size_t> beside{};  // of each row, the first set's and then the second's, one that is held out with it, or
                                 // its own index; such a one has its own index. Empty: none
  std::function<void(int64_t done, int64_t total)> progress;  // may throw to stop
};

struct TwoSampleTest {
  double auc = 0.5;            // 0.5 and below: not told apart, 1: always
  double p_value = 1;          // of an AUC this high where both sets come from one source; at least 1/(permutations+1)
  std::vector<double> scores;  // of each row, the first set's and then the second's; high: taken for the second
  std::vector<size_t> folds;   // of each row: in which it was held out
  double chance = 1;           // 19 of 20 permutations have at most this AUC: p_value > 0.05 up to it
};

// A classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017): the AUC with
// which a classifier tells which set a photo is of that it has not seen, and its p-value by permutation, (1 + as high)
// / (1 + all) (Phipson and Smyth 2010).
//
// The classifier is kernel ridge regression with penalty 1 (scikit-learn's KernelRidge(alpha=1)) on which set a row is
// of, 1 or 0 less the mean, of columns with mean 0 and deviation 1 over both sets. Its kernel is exp(-d^2 / m), m the
// median of the squared distances of two rows but 0. It is cross-validated in five folds that are stratified by set,
// drawn by the seed; the AUC counts pairs within a fold, since folds have a classifier each. What it says is linear in
// the sets' marks (Rifkin and Lippert, "Notes on regularized least squares", 2007), so every permutation is
// cross-validated too, by one product with a matrix. Marks are permuted within folds, which keeps those stratified.
// Rows that are `beside` one another, such as copies, are never learnt from to tell the others: of both sets they would
// make the AUC too low, of one too high.
//
// Takes memory for 2 N^2 numbers and time for N^3 + permutations * N^2 products, N rows in all. Throws DataError for a
// set of fewer than kFewestToCompare rows, Error where the widths differ or a number is not finite.
TwoSampleTest tell_apart(const FeatureRows& first, const FeatureRows& second, const TwoSampleOptions& options = {});

// How probable it is that a number of the second set is higher than one of the first, equal ones half: the area under
// the ROC curve (Mann and Whitney 1947). Neither set may be empty.
double higher_in_second(const std::vector<double>& first, const std::vector<double>& second);

// Whether the shares of classes differ.
struct SharesTest {
  double statistic = 0;   // Pearson's chi-square
  int64_t freedom = 0;    // classes that occur, less one
  bool shuffled = false;  // the p-value is by permutation: a class is too rare for the distribution
  double p_value = 1;
  double distance = 0;  // half the sum of the differences of the shares: 0 the same, 1 no class in common
};

// Pearson's chi-square test of homogeneity (1900). Where fewer than 5 photos of a class are expected in a set its
// p-value is by permutation, (1 + as high) / (1 + all), else by the distribution. `first` and `second` [classes]:
// photos of each class, some in either.
SharesTest compare_shares(const std::vector<int64_t>& first, const std::vector<int64_t>& second, uint64_t seed = 42);

// Probability that chi-square with `freedom` >= 1 degrees of freedom exceeds `statistic` (Abramowitz and Stegun 1964,
// 26.4.4 and 26.4.5).
double chi_square_above(double statistic, int64_t freedom);

}  // namespace cvtool
