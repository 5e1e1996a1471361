// The minutes that a search may take, its training included.
#pragma once

#include <chrono>
#include <limits>
#include <optional>

namespace cvtool {

class Pace {
 public:
  // No limit where there is no number.
  explicit Pace(std::optional<double> minutes) : minutes_(minutes) {}

  bool limited() const { return minutes_.has_value(); }
  double total_s() const { return minutes_ ? *minutes_ * 60 : std::numeric_limits<double>::infinity(); }
  double spent_s() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double left_s() const { return total_s() - spent_s(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<double> minutes_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace cvtool
