#include "base/worker_threads.h"

#include <system_error>

#include "base/machine.h"

namespace cvtool {

size_t worker_count(int64_t workers) {
  if (workers > 0) return static_cast<size_t>(workers);
  return usable_cores();
}

std::thread start_thread(const std::function<void()>& work) { return std::thread(work); }

WorkerThreads::WorkerThreads(size_t count, const std::function<void()>& work, const ThreadStart& start) {
  const size_t most = affordable_threads(count);
  threads_.reserve(most);
  try {
    while (threads_.size() < most) threads_.push_back(start(work));
  } catch (const std::system_error&) {
    // Those that have started do the work.
  }
}

WorkerThreads::~WorkerThreads() {
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace cvtool
