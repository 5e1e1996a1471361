// The minutes that a search may take, its training included, by the clock on the wall.
#pragma once

#include <chrono>
#include <limits>
#include <optional>

#include "dist/ranks.h"

namespace cvtool {

class Reuse;

class Pace {
 public:
  // They begin now. No limit where there is no number.
  explicit Pace(std::optional<double> minutes, Ranks* ranks = nullptr, Reuse* reuse = nullptr)
      : minutes_(minutes), ranks_(ranks), reuse_(reuse) {}

  Ranks* ranks() const { return ranks_; }
  Reuse* reuse() const { return reuse_; }  // what the training has in common with others; may be null
  bool limited() const { return minutes_.has_value(); }
  double total_s() const { return minutes_ ? *minutes_ * 60 : std::numeric_limits<double>::infinity(); }
  // Of several processes rank 0 looks at the clock, so that all decide alike: all must ask.
  double spent_s() const {
    const double spent = std::chrono::duration<double>(Clock::now() - start_).count();
    return ranks_ ? ranks_->from_first(spent) : spent;
  }
  double left_s() const { return total_s() - spent_s(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<double> minutes_;
  Ranks* ranks_;
  Reuse* reuse_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace cvtool
