// A group of threads that is always joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace cvtool {

// The number of threads meant by `workers`: itself, or one per core that the process may use for 0.
size_t worker_count(int64_t workers);

// How a thread is started; throws std::system_error where the system refuses one.
using ThreadStart = std::function<std::thread(const std::function<void()>& work)>;
std::thread start_thread(const std::function<void()>& work);

// Threads that run the same work, which must not throw.
class WorkerThreads {
 public:
  // Starts `count` of them, or what affordable_threads() says; where the system refuses one all the same, it is left at
  // those that have started, if any.
  WorkerThreads(size_t count, const std::function<void()>& work, const ThreadStart& start = start_thread);
  ~WorkerThreads();  // waits for all to end
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  bool empty() const { return threads_.empty(); }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace cvtool
