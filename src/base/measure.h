// How fast something is: medians of short runs on a steady clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace cvtool {

// Seconds of a call of `work`: the median of as many calls as fit into `budget_s`, at least three, after one that is
// not counted.
double median_seconds(double budget_s, const std::function<void()>& work);

// What `threads` threads got done that called `work` again and again.
struct BusyRate {
  double calls_per_s = 0;  // of all together; median of five runs
  // How much of the time that the threads wanted to compute they computed, 0..1: less than 1 where other programs, or
  // a quota, kept the cores from them.
  double cpu_share = 1;
};
// `work` must not throw. Takes about `budget_s`. Where the system gives fewer threads, those that it gives; without
// any the caller works.
BusyRate busy_rate(size_t threads, double budget_s, const std::function<void()>& work);

// Bytes per second that `threads` threads together read and write while they copy memory, in blocks too large for the
// processor's caches. `free_bytes`: what of the memory is free; a small part of it is taken.
double copy_bytes_per_s(size_t threads, double budget_s, int64_t free_bytes);

}  // namespace cvtool
