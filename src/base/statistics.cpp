#include "base/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cvtool {

double upper_median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 == 1 ? *middle : (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double quantile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  const double place = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

double upper_fence(const std::vector<double>& values) {
  const double third = quantile(values, 0.75);
  return third + 1.5 * (third - quantile(values, 0.25));
}

MeanAndSpread mean_and_spread(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  MeanAndSpread out;
  for (const double value : values) out.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - out.mean, 2);
  out.spread = count > 1 ? std::sqrt(squares / (count - 1)) : 0;
  return out;
}

}  // namespace cvtool
