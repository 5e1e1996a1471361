#include "base/measure.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace cvtool;

namespace {

void wait_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

TEST_CASE("The median of calls passes over the slow one, and there are at least three") {
  int calls = 0;
  const double seconds = median_seconds(0, [&] { wait_ms(++calls == 3 ? 60 : 3); });
  CHECK(calls == 4);
  CHECK(seconds >= 0.003);
  CHECK(seconds < 0.06);
}

TEST_CASE("Threads that wait did not get the processor, and those that compute are counted together") {
  const BusyRate waiting = busy_rate(2, 0.1, [] { wait_ms(2); });
  CHECK(waiting.cpu_share < 0.5);
  CHECK(waiting.calls_per_s > 20);  // two threads of at most 500 each
  CHECK(waiting.calls_per_s < 1000);
  std::atomic<uint64_t> sum{0};
  const BusyRate computing = busy_rate(1, 0.1, [&] {
    for (int i = 0; i < 1000; ++i) sum += 1;
  });
  CHECK(computing.cpu_share > waiting.cpu_share);
  CHECK(computing.cpu_share <= 1);
}

TEST_CASE("Memory is copied at some speed") {
  CHECK(copy_bytes_per_s(2, 0.01, int64_t{1} << 27) > 1e7);
  CHECK(copy_bytes_per_s(0, 0.01, 0) > 1e7);
}
