#include "metrics/detection.h"

#include <algorithm>
#include <cmath>

namespace cvtool {

Detection detection_of(std::vector<double> known, std::vector<double> other) {
  std::sort(known.begin(), known.end());
  std::sort(other.begin(), other.end());
  const auto count = [](const auto& values) { return static_cast<double>(values.size()); };
  double pairs = 0;  // in which the other photo has the larger number
  for (const double value : other) {
    const auto [below, above] = std::equal_range(known.begin(), known.end(), value);
    pairs += static_cast<double>(below - known.begin()) + static_cast<double>(above - below) / 2;
  }
  constexpr double kAccepted = 0.95, kOfDecimals = 1e-9;
  const auto accepted = static_cast<size_t>(std::ceil(kAccepted * count(known) - kOfDecimals));
  const auto taken = std::upper_bound(other.begin(), other.end(), known.at(accepted - 1)) - other.begin();
  return {pairs / (count(known) * count(other)), static_cast<double>(taken) / count(other)};
}

}  // namespace cvtool
