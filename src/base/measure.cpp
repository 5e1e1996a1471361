#include "base/measure.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <vector>

#include "base/parallel.h"
#include "base/statistics.h"
#include "base/worker_threads.h"

namespace cvtool {
namespace {

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Processor time of the calling thread.
double thread_cpu_s() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// What the threads of one run have done.
struct RunTotal {
  std::mutex lock;
  double calls_per_s = 0, wall_s = 0, cpu_s = 0;
};

void work_until(double end_s, const std::function<void()>& work, RunTotal& total) {
  const double start = now_s(), cpu_start = thread_cpu_s();
  double calls = 0, wall = 0;
  do {
    work();
    ++calls;
    wall = now_s() - start;
  } while (start + wall < end_s);
  const double cpu = thread_cpu_s() - cpu_start;
  const std::lock_guard<std::mutex> hold(total.lock);
  total.calls_per_s += calls / wall, total.wall_s += wall, total.cpu_s += cpu;
}

}  // namespace

double median_seconds(double budget_s, const std::function<void()>& work) {
  constexpr size_t kLeast = 3;
  work();
  std::vector<double> seconds;
  const double begin = now_s();
  while (seconds.size() < kLeast || now_s() - begin < budget_s) {
    const double start = now_s();
    work();
    seconds.push_back(now_s() - start);
  }
  return upper_median(seconds);
}

BusyRate busy_rate(size_t threads, double budget_s, const std::function<void()>& work) {
  constexpr int kRuns = 5;
  std::vector<double> rates;
  double wall = 0, cpu = 0;
  for (int run = 0; run < kRuns; ++run) {
    RunTotal total;
    const double end = now_s() + budget_s / kRuns;
    {
      const auto busy = [&] { work_until(end, work, total); };
      const WorkerThreads others(threads > 0 ? threads - 1 : 0, busy);
      busy();
    }
    rates.push_back(total.calls_per_s);
    wall += total.wall_s, cpu += total.cpu_s;
  }
  return {upper_median(rates), std::clamp(cpu / wall, 0.0, 1.0)};
}

double copy_bytes_per_s(size_t threads, double budget_s, int64_t free_bytes) {
  constexpr int64_t kLeast = int64_t{8} << 20, kMost = int64_t{256} << 20;
  threads = std::max<size_t>(1, threads);
  const auto bytes = static_cast<size_t>(std::clamp(free_bytes / 16, kLeast, kMost));
  const size_t slice = bytes / threads;
  // new[] of bytes touches no page; a first write by each thread brings it near its core.
  const std::unique_ptr<char[]> from(new char[bytes]), to(new char[bytes]);
  for_each_parallel(threads, static_cast<int64_t>(threads), [&](size_t i) {
    std::memset(from.get() + i * slice, 1, slice);
    std::memset(to.get() + i * slice, 2, slice);
  });
  const double seconds = median_seconds(budget_s, [&] {
    for_each_parallel(threads, static_cast<int64_t>(threads),
                      [&](size_t i) { std::memcpy(to.get() + i * slice, from.get() + i * slice, slice); });
  });
  return 2.0 * static_cast<double>(slice * threads) / seconds;
}

}  // namespace cvtool
