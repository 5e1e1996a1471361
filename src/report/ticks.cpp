#include "report/ticks.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cvtool {

std::vector<double> nice_ticks(double low, double high, int count, bool whole) {
  const double rough = (high / count - low / count);
  if (!(rough > 0) || !std::isfinite(rough)) return {low};
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (double times : {1.0, 2.0, 5.0}) {
    if (times * power >= rough * 0.999) {
      step = times * power;
      break;
    }
  }
  if (whole) step = std::max(1.0, std::round(step));
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < 4 * count; ++i) {
    const double value = (first + i) * step;
    if (!(value <= high + step * 1e-9)) break;
    if (first + i == first + i + 1) break;  // too far from zero for the step
    ticks.push_back(value == 0 ? 0 : value);
  }
  if (ticks.empty()) ticks.push_back(low);
  return ticks;
}

std::string tick_text(double value, double step) {
  if (value == 0) return "0";
  if (std::abs(value) >= 1e6 || (std::abs(value) < 1e-3 && std::abs(step) < 1e-3)) return significant(value, 3);
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(std::abs(step)) - 1e-9)), 0, 6);
  return fixed(value, decimals);
}

Ticks linear_ticks(double low, double high, int count, bool whole) {
  Ticks ticks;
  ticks.values = nice_ticks(low, high, count, whole);
  const double step = ticks.values.size() > 1 ? ticks.values[1] - ticks.values[0] : high - low;
  for (double value : ticks.values) ticks.texts.push_back(tick_text(value, step));
  return ticks;
}

Ticks log_ticks(double low, double high, int count) {
  Ticks ticks;
  const int first = static_cast<int>(std::lround(std::log10(low))),
            last = static_cast<int>(std::lround(std::log10(high)));
  const int step = std::max(1, (last - first + count - 1) / count);
  for (int power = first; power <= last; power += step) {
    ticks.values.push_back(std::pow(10, power));
    ticks.texts.push_back(tick_text(ticks.values.back(), ticks.values.back()));
  }
  return ticks;
}

}  // namespace cvtool
