#include "metrics/class_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cvtool {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double hits_of(const ClassCounts& counts) {
  return static_cast<double>(std::accumulate(counts.correct.begin(), counts.correct.end(), int64_t{0}));
}

// Sum over classes of a[k] * b[k].
double product(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  double sum = 0;
  for (size_t k = 0; k < a.size(); ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return sum;
}

PrecisionRecall average(const ClassCounts& counts, const std::vector<double>& weights) {
  const auto classes = precision_recall_by_class(counts);
  PrecisionRecall mean;
  double total = 0;
  for (size_t k = 0; k < classes.size(); ++k) {
    mean.precision += weights[k] * classes[k].precision;
    mean.recall += weights[k] * classes[k].recall;
    mean.f1 += weights[k] * classes[k].f1;
    total += weights[k];
  }
  return {ratio(mean.precision, total), ratio(mean.recall, total), ratio(mean.f1, total)};
}

}  // namespace

ClassCounts class_counts(const std::vector<int64_t>& labels, const std::vector<int64_t>& predicted, int64_t classes,
                         const uint8_t* times) {
  const std::vector<int64_t> zeros(static_cast<size_t>(classes), 0);
  ClassCounts counts{0, zeros, zeros, zeros};
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<size_t>(labels[i]), said = static_cast<size_t>(predicted[i]);
    const int64_t count = times ? times[i] : 1;
    counts.total += count;
    counts.support[label] += count;
    counts.predicted[said] += count;
    if (label == said) counts.correct[label] += count;
  }
  return counts;
}

ConfusionMatrix confusion_matrix(const std::vector<int64_t>& labels, const std::vector<int64_t>& predicted,
                                 int64_t classes) {
  const auto k = static_cast<size_t>(classes);
  ConfusionMatrix matrix(k, std::vector<int64_t>(k, 0));
  for (size_t i = 0; i < labels.size(); ++i)
    ++matrix[static_cast<size_t>(labels[i])][static_cast<size_t>(predicted[i])];
  return matrix;
}

double accuracy(const ClassCounts& counts) { return ratio(hits_of(counts), static_cast<double>(counts.total)); }

double balanced_accuracy(const ClassCounts& counts) {
  double sum = 0, present = 0;
  for (size_t k = 0; k < counts.correct.size(); ++k) {
    if (counts.support[k] == 0) continue;
    sum += static_cast<double>(counts.correct[k]) / static_cast<double>(counts.support[k]);
    ++present;
  }
  return ratio(sum, present);
}

double cohen_kappa(const ClassCounts& counts) {
  const auto n = static_cast<double>(counts.total);
  const double by_chance = n * n - product(counts.support, counts.predicted);
  if (by_chance == 0) return std::numeric_limits<double>::quiet_NaN();
  return 1 - n * (n - hits_of(counts)) / by_chance;
}

double matthews_correlation(const ClassCounts& counts) {
  const auto n = static_cast<double>(counts.total);
  const double together = hits_of(counts) * n - product(counts.support, counts.predicted);
  const double true_spread = n * n - product(counts.support, counts.support);
  const double predicted_spread = n * n - product(counts.predicted, counts.predicted);
  if (true_spread == 0 || predicted_spread == 0) return 0;
  return together / (std::sqrt(true_spread) * std::sqrt(predicted_spread));
}

double majority_baseline(const ClassCounts& counts, std::optional<int64_t> majority) {
  const int64_t images = majority ? counts.support.at(static_cast<size_t>(*majority))
                                  : *std::max_element(counts.support.begin(), counts.support.end());
  return ratio(static_cast<double>(images), static_cast<double>(counts.total));
}

std::vector<PrecisionRecall> precision_recall_by_class(const ClassCounts& counts) {
  std::vector<PrecisionRecall> classes(counts.correct.size());
  for (size_t k = 0; k < classes.size(); ++k) {
    const auto correct = static_cast<double>(counts.correct[k]), support = static_cast<double>(counts.support[k]);
    const auto predicted = static_cast<double>(counts.predicted[k]);
    classes[k] = {ratio(correct, predicted), ratio(correct, support), ratio(2 * correct, support + predicted)};
  }
  return classes;
}

PrecisionRecall macro_average(const ClassCounts& counts) {
  std::vector<double> weights(counts.correct.size());
  for (size_t k = 0; k < weights.size(); ++k) weights[k] = counts.support[k] + counts.predicted[k] > 0 ? 1 : 0;
  return average(counts, weights);
}

PrecisionRecall weighted_average(const ClassCounts& counts) {
  return average(counts, {counts.support.begin(), counts.support.end()});
}

}  // namespace cvtool
