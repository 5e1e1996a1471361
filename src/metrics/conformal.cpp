#include "metrics/conformal.h"

#include <algorithm>
#include <cmath>

namespace cvtool {
namespace {

constexpr double kQuantileRounding = 1e-9;  // of a coverage that is written in decimals

}  // namespace

int64_t photos_for_coverage(double coverage) {
  return static_cast<int64_t>(std::ceil(1 / (1 - coverage) - kQuantileRounding / (1 - coverage)));
}

double least_probability(const std::vector<double>& right, double coverage) {
  const auto count = static_cast<int64_t>(right.size());
  const auto covered = static_cast<int64_t>(std::ceil(static_cast<double>(count + 1) * (coverage - kQuantileRounding)));
  // The covered-th smallest of the scores 1 - p.
  return right.at(static_cast<size_t>(count - std::max<int64_t>(1, covered)));
}

size_t possible_count(const std::vector<double>& falling, double least) {
  size_t count = 1;
  while (count < falling.size() && falling[count] >= least) ++count;
  return count;
}

CoverageReached coverage_reached(const Predictions& predictions, const std::vector<double>& right, double coverage) {
  const double least = least_probability(right, coverage);
  int64_t held = 0, classes = 0, singles = 0;
  for (int64_t row = 0; row < predictions.count(); ++row) {
    const auto begin = predictions.probabilities.begin() + row * predictions.classes;
    const auto label = begin + predictions.labels[static_cast<size_t>(row)];
    const auto best = std::max_element(begin, begin + predictions.classes);
    const auto size =
        std::max<int64_t>(1, std::count_if(begin, begin + predictions.classes, [&](double p) { return p >= least; }));
    held += *label >= least || label == best;
    classes += size;
    singles += size == 1;
  }
  const auto share = [&](int64_t part) { return static_cast<double>(part) / static_cast<double>(predictions.count()); };
  return {coverage, share(held), wilson_interval(held, predictions.count()), share(classes), share(singles)};
}

double familiarity(const std::vector<double>& distances, double distance) {
  const auto as_far = distances.end() - std::lower_bound(distances.begin(), distances.end(), distance);
  return static_cast<double>(as_far + 1) / static_cast<double>(distances.size() + 1);
}

}  // namespace cvtool
