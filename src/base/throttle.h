// Work that is done now and then, so that it never costs more than a small part of the time.
#pragma once

#include <algorithm>
#include <chrono>

namespace cvtool {

class Throttle {
 public:
  // At most once in `every_s` seconds, and in twenty times as long as the work took last.
  explicit Throttle(double every_s) : every_s_(every_s) {}

  bool due() const { return !done_once_ || seconds_since_last() >= std::max(every_s_, 20 * cost_s_); }

  // Since the end of the last run(), or since this was made.
  double seconds_since_last() const { return seconds_since(end_); }

  template <class Work>
  void run(Work&& work) {
    const auto start = Clock::now();
    work();
    cost_s_ = seconds_since(start);
    end_ = Clock::now();
    done_once_ = true;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  double every_s_, cost_s_ = 0;
  bool done_once_ = false;
  Clock::time_point end_ = Clock::now();
};

}  // namespace cvtool
