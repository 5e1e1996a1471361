#include "metrics/two_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/statistics.h"

namespace cvtool {
namespace {

constexpr size_t kFolds = 5;
constexpr double kPenalty = 1;
constexpr double kSteps = 1e10;  // of scores, which are of the size of 1

// [size,size], row by row.
struct Square {
  explicit Square(size_t n) : size(n), values(n * n) {}
  double* row(size_t i) { return values.data() + i * size; }
  const double* row(size_t i) const { return values.data() + i * size; }
  size_t size;
  std::vector<double> values;
};

void add_row(double* target, const double* source, double factor, size_t count) {
  for (size_t j = 0; j < count; ++j) target[j] += factor * source[j];
}

// In place, by Gauss and Jordan; of a positive definite matrix with eigenvalues of kPenalty and more no pivot is small.
void invert(Square& a) {
  const size_t n = a.size;
  for (size_t k = 0; k < n; ++k) {
    double* pivot = a.row(k);
    const double inverse = 1 / pivot[k];
    pivot[k] = 1;
    for (size_t j = 0; j < n; ++j) pivot[j] *= inverse;
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      double* row = a.row(i);
      const double factor = row[k];
      row[k] = 0;
      add_row(row, pivot, -factor, n);
    }
  }
}

// Both sets' rows, one behind the other, each column with mean 0 and deviation 1; one that never changes is 0.
FeatureRows standardized(const FeatureRows& first, const FeatureRows& second) {
  FeatureRows all{first.width, first.values};
  all.values.insert(all.values.end(), second.values.begin(), second.values.end());
  const auto width = static_cast<size_t>(all.width), count = all.values.size() / width;
  for (size_t c = 0; c < width; ++c) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < count; ++i) mean += all.values[i * width + c];
    mean /= static_cast<double>(count);
    for (size_t i = 0; i < count; ++i) square += std::pow(all.values[i * width + c] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(count));
    const bool same = deviation <= 1e-12 * (1 + std::abs(mean));
    for (size_t i = 0; i < count; ++i) {
      double& value = all.values[i * width + c];
      value = same ? 0 : (value - mean) / deviation;
    }
  }
  return all;
}

double squared_distance(const double* a, const double* b, size_t width) {
  double sum = 0;
  for (size_t c = 0; c < width; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

double median_above_zero(std::vector<double> values) {
  values.erase(std::remove(values.begin(), values.end(), 0.0), values.end());
  return values.empty() ? 1 : median(std::move(values));
}

Square kernel_of(const FeatureRows& rows, int64_t workers) {
  const auto n = static_cast<size_t>(rows.count()), width = static_cast<size_t>(rows.width);
  Square kernel(n);
  for_each_parallel(n, workers, [&](size_t i) {
    for (size_t j = 0; j < i; ++j)
      kernel.row(i)[j] = squared_distance(rows.values.data() + i * width, rows.values.data() + j * width, width);
  });
  std::vector<double> distances;
  distances.reserve(n * (n - 1) / 2);
  for (size_t i = 0; i < n; ++i) distances.insert(distances.end(), kernel.row(i), kernel.row(i) + i);
  const double scale = median_above_zero(std::move(distances));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) kernel.row(i)[j] = kernel.row(j)[i] = std::exp(-kernel.row(i)[j] / scale);
    kernel.row(i)[i] = 1;
  }
  return kernel;
}

using Folds = std::vector<std::vector<size_t>>;  // rows, ascending

// Each set is shuffled and dealt out.
Folds drawn_folds(size_t first, size_t second, const TwoSampleOptions& options) {
  std::vector<size_t> fold_of(first + second);
  const auto deal = [&](size_t from, size_t count, uint64_t set) {
    std::vector<size_t> rows(count);
    std::iota(rows.begin(), rows.end(), from);
    Random random(options.seed, "two-sample folds", 0, set);
    for (size_t i = count; i > 1; --i)
      std::swap(rows[i - 1], rows[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
    for (size_t i = 0; i < count; ++i) fold_of[rows[i]] = i % kFolds;
  };
  deal(0, first, 0);
  deal(first, second, 1);
  Folds folds(kFolds);
  for (size_t i = 0; i < fold_of.size(); ++i)
    folds[fold_of[options.beside.empty() ? i : options.beside[i]]].push_back(i);
  return folds;
}

// The matrix that makes marks to what the classifiers of the other folds say. With G = (K + penalty)^-1 the rows of a
// fold T are I - G_TT^-1 G_T, which is 0 in the fold's own columns.
Square held_out_matrix(Square kernel, const Folds& folds) {
  const size_t n = kernel.size;
  for (size_t i = 0; i < n; ++i) kernel.row(i)[i] += kPenalty;
  invert(kernel);
  Square says(n);
  for (const auto& fold : folds) {
    Square own(fold.size());
    for (size_t i = 0; i < fold.size(); ++i)
      for (size_t j = 0; j < fold.size(); ++j) own.row(i)[j] = kernel.row(fold[i])[fold[j]];
    invert(own);
    for (size_t i = 0; i < fold.size(); ++i) {
      double* row = says.row(fold[i]);
      for (size_t j = 0; j < fold.size(); ++j) add_row(row, kernel.row(fold[j]), -own.row(i)[j], n);
      for (const size_t j : fold) row[j] = 0;
    }
  }
  return says;
}

// Twice the pairs of a row of the first and one of the second set in which the second is higher; equal ones once.
double concordant(std::vector<std::pair<double, bool>>& rows) {
  std::sort(rows.begin(), rows.end());
  double pairs = 0, below = 0;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i;
    double first = 0, second = 0;
    for (; end < rows.size() && rows[end].first == rows[i].first; ++end) (rows[end].second ? second : first) += 1;
    pairs += second * (2 * below + first);
    below += first;
    i = end;
  }
  return pairs;
}

class Classifier {
 public:
  Classifier(Square says, Folds folds, const std::vector<bool>& second)
      : says_(std::move(says)), folds_(std::move(folds)), second_(second) {
    share_ = static_cast<double>(std::count(second.begin(), second.end(), true)) / static_cast<double>(second.size());
  }

  std::vector<double> scores(const std::vector<bool>& second) const {
    const size_t n = second.size();
    std::vector<double> marks(n), scores(n);
    for (size_t i = 0; i < n; ++i) marks[i] = (second[i] ? 1.0 : 0.0) - share_;
    // What differs by rounding alone is equal.
    for (size_t i = 0; i < n; ++i) scores[i] = std::round(product(says_.row(i), marks.data(), n) * kSteps) / kSteps;
    return scores;
  }

  double auc(const std::vector<bool>& second, const std::vector<double>& scores) const {
    double right = 0, all = 0;
    for (const auto& fold : folds_) {
      std::vector<std::pair<double, bool>> rows;
      double of_second = 0;
      for (const size_t i : fold) {
        rows.emplace_back(scores[i], second[i]);
        of_second += second[i];
      }
      right += concordant(rows);
      all += 2 * of_second * (static_cast<double>(fold.size()) - of_second);
    }
    return all > 0 ? right / all : 0.5;  // rows beside one another can leave each set alone in its folds
  }

  double permuted_auc(uint64_t seed, size_t number) const {
    std::vector<bool> second = second_;
    Random random(seed, "two-sample permutation", 0, number);
    for (const auto& fold : folds_)
      for (size_t i = fold.size(); i > 1; --i) {
        const auto other = static_cast<size_t>(random.below(static_cast<int64_t>(i)));
        const bool kept = second[fold[i - 1]];
        second[fold[i - 1]] = second[fold[other]];
        second[fold[other]] = kept;
      }
    return auc(second, scores(second));
  }

 private:
  // In four sums, since one would wait for each addition.
  static double product(const double* a, const double* b, size_t count) {
    double sums[4] = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
      for (size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
    for (; i < count; ++i) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  Square says_;
  Folds folds_;
  const std::vector<bool>& second_;
  double share_ = 0;
};

void check_rows(const FeatureRows& first, const FeatureRows& second) {
  for (const FeatureRows* rows : {&first, &second})
    if (rows->count() < kFewestToCompare)
      throw DataError("to compare two sets each needs " + std::to_string(kFewestToCompare) +
                      " photos that can be read, and one has " + std::to_string(rows->count()) + "; add photos to it");
  if (first.width != second.width) throw Error("the two sets have features of different nets; use one for both");
  for (const FeatureRows* rows : {&first, &second})
    for (const double value : rows->values)
      if (!std::isfinite(value)) throw Error("a photo's features are not finite; take another backbone");
}

}  // namespace

TwoSampleTest tell_apart(const FeatureRows& first, const FeatureRows& second, const TwoSampleOptions& options) {
  check_rows(first, second);
  const auto from = static_cast<size_t>(first.count()), count = from + static_cast<size_t>(second.count());
  std::vector<bool> of_second(count, false);
  std::fill(of_second.begin() + static_cast<std::ptrdiff_t>(from), of_second.end(), true);
  Folds folds = drawn_folds(from, count - from, options);
  Square says = held_out_matrix(kernel_of(standardized(first, second), options.workers), folds);
  TwoSampleTest test;
  test.folds.resize(count);
  for (size_t f = 0; f < folds.size(); ++f)
    for (const size_t i : folds[f]) test.folds[i] = f;
  const Classifier classifier(std::move(says), std::move(folds), of_second);
  test.scores = classifier.scores(of_second);
  test.auc = classifier.auc(of_second, test.scores);
  std::vector<double> permuted(static_cast<size_t>(options.permutations));
  for_each_parallel(
      permuted.size(), options.workers, [&](size_t i) { permuted[i] = classifier.permuted_auc(options.seed, i); },
      options.progress);
  const auto high = std::count_if(permuted.begin(), permuted.end(), [&](double auc) { return auc >= test.auc; });
  test.p_value = static_cast<double>(1 + high) / static_cast<double>(1 + options.permutations);
  std::sort(permuted.begin(), permuted.end());
  test.chance = permuted[permuted.size() * 19 / 20];
  return test;
}

double higher_in_second(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<std::pair<double, bool>> rows;
  for (const double value : first) rows.emplace_back(value, false);
  for (const double value : second) rows.emplace_back(value, true);
  return concordant(rows) / (2 * static_cast<double>(first.size()) * static_cast<double>(second.size()));
}

}  // namespace cvtool
