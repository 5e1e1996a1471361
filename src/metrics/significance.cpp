#include "metrics/significance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace cvtool {
namespace {

// Probability of at most `k` heads in `n` throws of a fair coin.
double at_most(int64_t k, int64_t n) {
  // The terms in logarithms: 2^-n alone underflows from n = 1075 on. They are added as multiples of the last
  // one, which is the largest because k <= n/2.
  double last = -static_cast<double>(n) * std::log(2.0);
  for (int64_t i = 1; i <= k; ++i) last += std::log(static_cast<double>(n - i + 1) / static_cast<double>(i));
  double sum = 0, fraction = 1;
  for (int64_t i = k; i >= 0 && fraction > 1e-18; --i) {
    sum += fraction;
    fraction *= static_cast<double>(i) / static_cast<double>(n - i + 1);
  }
  return std::exp(last) * sum;
}

}  // namespace

Interval expected_interval(double share, int64_t total) {
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(total);
  const double z2 = kZ * kZ;
  const double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {share == 0 ? 0 : std::max(0.0, middle - half), share == 1 ? 1 : std::min(1.0, middle + half)};
}

Interval wilson_interval(int64_t correct, int64_t total) {
  return expected_interval(static_cast<double>(correct) / static_cast<double>(total), total);
}

Interval percentile_interval(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
  if (values.size() < 10) return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  std::sort(values.begin(), values.end());
  const auto at = [&](double fraction) {
    const double place = fraction * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
  };
  return {at(0.025), at(0.975)};
}

Interval unbiased_interval(std::vector<double> values, double estimate, const Interval& range) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const Interval plain = percentile_interval(std::move(values));
  const double bias = mean - estimate;
  return {std::clamp(plain.low - bias, range.low, range.high), std::clamp(plain.high - bias, range.low, range.high)};
}

McNemar mcnemar_test(const std::vector<uint8_t>& first, const std::vector<uint8_t>& second) {
  if (first.size() != second.size())
    throw Error("the two models were not evaluated on the same images; evaluate both on one folder");
  McNemar test;
  for (size_t i = 0; i < first.size(); ++i) {
    test.only_first_right += first[i] && !second[i];
    test.only_second_right += !first[i] && second[i];
  }
  const int64_t n = test.only_first_right + test.only_second_right;
  if (n > 0) test.p_value = std::min(1.0, 2 * at_most(std::min(test.only_first_right, test.only_second_right), n));
  return test;
}

}  // namespace cvtool
