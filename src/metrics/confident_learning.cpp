#include "metrics/confident_learning.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace cvtool {
namespace {

// Probabilities are sums of rounded numbers: a class of equal ones reaches its own mean.
constexpr double kRounding = 1e-6;

size_t at(int64_t row, int64_t column, int64_t width) { return static_cast<size_t>(row * width + column); }

std::vector<int64_t> counts_of_labels(const Predictions& p) {
  std::vector<int64_t> counts(static_cast<size_t>(p.classes));
  for (const int64_t label : p.labels) ++counts[static_cast<size_t>(label)];
  return counts;
}

double probability_of(const Predictions& p, int64_t row, int64_t k) {
  return p.as_distribution()[at(row, k, p.classes)];
}

int64_t most_probable(const Predictions& p, int64_t row) {
  int64_t best = 0;
  for (int64_t k = 1; k < p.classes; ++k)
    if (probability_of(p, row, k) > probability_of(p, row, best)) best = k;
  return best;
}

// Whole numbers with the sum `total` nearest to the values: what is lacking goes to the largest remainders, the first
// of equals.
std::vector<int64_t> rounded_to_sum(const std::vector<double>& values, int64_t total) {
  std::vector<int64_t> out;
  for (const double value : values) out.push_back(static_cast<int64_t>(std::floor(value + kRounding)));
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return values[a] - static_cast<double>(out[a]) > values[b] - static_cast<double>(out[b]);
  });
  int64_t lacking = total - std::accumulate(out.begin(), out.end(), int64_t{0});
  for (size_t i = 0; i < order.size() && lacking > 0; ++i, --lacking) ++out[order[i]];
  return out;
}

// How many of the photos labelled `given` are each other class; one of them stays what it is.
std::vector<int64_t> wrong_counts(const std::vector<double>& joint, int64_t given, int64_t count, int64_t classes) {
  std::vector<double> row;
  double sum = 0;
  for (int64_t k = 0; k < classes; ++k) sum += joint[at(given, k, classes)];
  for (int64_t k = 0; k < classes; ++k)
    row.push_back(sum > 0 ? joint[at(given, k, classes)] / sum * static_cast<double>(count) : 0);
  std::vector<int64_t> counts = rounded_to_sum(row, sum > 0 ? count : 0);
  int64_t& right = counts[static_cast<size_t>(given)];
  if (right == 0 && count > 0) {
    const auto most = std::max_element(counts.begin(), counts.end());
    if (*most > 0) --*most;
  }
  right = 0;
  return counts;
}

// Marks the `count` photos among `rows` whose probability of `other` exceeds that of their label the most.
void mark_largest(const Predictions& p, const std::vector<int64_t>& rows, int64_t other, int64_t count,
                  std::vector<char>& marked) {
  std::vector<double> excess;
  for (const int64_t row : rows)
    excess.push_back(probability_of(p, row, other) - probability_of(p, row, p.labels[static_cast<size_t>(row)]));
  std::vector<double> sorted = excess;
  const auto cut = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sorted.begin(), cut, sorted.end(), std::greater<double>());
  for (size_t i = 0; i < rows.size(); ++i)
    if (excess[i] >= *cut) marked[static_cast<size_t>(rows[i])] = 1;
}

}  // namespace

std::vector<double> class_thresholds(const Predictions& predictions) {
  check_predictions(predictions);
  const std::vector<int64_t> counts = counts_of_labels(predictions);
  std::vector<double> sums(counts.size());
  for (int64_t row = 0; row < predictions.count(); ++row) {
    const int64_t label = predictions.labels[static_cast<size_t>(row)];
    sums[static_cast<size_t>(label)] += probability_of(predictions, row, label);
  }
  for (size_t k = 0; k < sums.size(); ++k)
    sums[k] = counts[k] > 0 ? sums[k] / static_cast<double>(counts[k]) : std::numeric_limits<double>::infinity();
  return sums;
}

std::vector<int64_t> confident_joint(const Predictions& predictions, const std::vector<double>& thresholds) {
  const int64_t classes = predictions.classes;
  std::vector<int64_t> counts(static_cast<size_t>(classes * classes));
  for (int64_t row = 0; row < predictions.count(); ++row) {
    int64_t best = -1;
    for (int64_t k = 0; k < classes; ++k) {
      const double here = probability_of(predictions, row, k);
      if (here < thresholds[static_cast<size_t>(k)] - kRounding) continue;
      if (best < 0 || here > probability_of(predictions, row, best)) best = k;
    }
    if (best >= 0) ++counts[at(predictions.labels[static_cast<size_t>(row)], best, classes)];
  }
  return counts;
}

std::vector<double> calibrated_joint(const std::vector<int64_t>& counts, const std::vector<int64_t>& labels,
                                     int64_t classes) {
  std::vector<double> joint(counts.size());
  std::vector<int64_t> given(static_cast<size_t>(classes));
  for (const int64_t label : labels) ++given[static_cast<size_t>(label)];
  for (int64_t i = 0; i < classes; ++i) {
    const double share = static_cast<double>(given[static_cast<size_t>(i)]) / static_cast<double>(labels.size());
    int64_t sum = 0;
    for (int64_t k = 0; k < classes; ++k) sum += counts[at(i, k, classes)];
    for (int64_t k = 0; k < classes; ++k)
      joint[at(i, k, classes)] = sum > 0
                                     ? share * static_cast<double>(counts[at(i, k, classes)]) / static_cast<double>(sum)
                                     : (i == k ? share : 0);
  }
  return joint;
}

std::vector<LabelIssue> label_issues(const Predictions& predictions, const std::vector<double>& joint) {
  const int64_t classes = predictions.classes;
  std::vector<std::vector<int64_t>> rows(static_cast<size_t>(classes));
  for (int64_t row = 0; row < predictions.count(); ++row)
    rows[static_cast<size_t>(predictions.labels[static_cast<size_t>(row)])].push_back(row);
  std::vector<char> marked(predictions.labels.size());
  for (int64_t given = 0; given < classes; ++given) {
    const std::vector<int64_t>& own = rows[static_cast<size_t>(given)];
    const auto wrong = wrong_counts(joint, given, static_cast<int64_t>(own.size()), classes);
    for (int64_t other = 0; other < classes; ++other)
      if (const int64_t count = wrong[static_cast<size_t>(other)]; count > 0)
        mark_largest(predictions, own, other, count, marked);
  }
  std::vector<LabelIssue> issues;
  for (int64_t row = 0; row < predictions.count(); ++row) {
    const int64_t label = predictions.labels[static_cast<size_t>(row)], best = most_probable(predictions, row);
    if (marked[static_cast<size_t>(row)] && best != label)
      issues.push_back({row, best, probability_of(predictions, row, label), label_margin(predictions, row)});
  }
  std::stable_sort(issues.begin(), issues.end(),
                   [](const LabelIssue& a, const LabelIssue& b) { return a.self_confidence < b.self_confidence; });
  return issues;
}

double label_margin(const Predictions& predictions, int64_t row) {
  const int64_t label = predictions.labels[static_cast<size_t>(row)];
  double other = 0;
  for (int64_t k = 0; k < predictions.classes; ++k)
    if (k != label) other = std::max(other, probability_of(predictions, row, k));
  return (probability_of(predictions, row, label) - other + 1) / 2;
}

std::vector<ClassOverlap> class_overlaps(const std::vector<double>& joint, int64_t classes) {
  const auto photos_of = [&](int64_t i) {
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) sum += joint[at(i, k, classes)];
    return sum;
  };
  std::vector<ClassOverlap> overlaps;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t k = i + 1; k < classes; ++k) {
      const double both = joint[at(i, k, classes)] + joint[at(k, i, classes)], all = photos_of(i) + photos_of(k);
      if (both > 0 && all > 0) overlaps.push_back({i, k, both / all});
    }
  std::stable_sort(overlaps.begin(), overlaps.end(),
                   [](const ClassOverlap& a, const ClassOverlap& b) { return a.share > b.share; });
  return overlaps;
}

}  // namespace cvtool
