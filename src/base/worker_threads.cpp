#include "base/worker_threads.h"

#include <algorithm>
#include <system_error>

namespace cvtool {

size_t worker_count(int64_t workers) {
  if (workers > 0) return static_cast<size_t>(workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

std::thread start_thread(const std::function<void()>& work) { return std::thread(work); }

WorkerThreads::WorkerThreads(size_t count, const std::function<void()>& work, const ThreadStart& start) {
  threads_.reserve(count);
  try {
    while (threads_.size() < count) threads_.push_back(start(work));
  } catch (const std::system_error&) {
    // Those that have started do the work.
  }
}

WorkerThreads::~WorkerThreads() {
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace cvtool
