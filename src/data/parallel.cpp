#include "data/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cvtool {
namespace {

struct Shared {
  std::atomic<size_t> next{0}, done{0};
  std::mutex mutex;
  std::condition_variable changed;
  size_t running = 0;
  std::exception_ptr error;

  void fail(std::exception_ptr what) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!error) error = std::move(what);
  }
};

void run_worker(Shared& shared, size_t count, const std::function<void(size_t)>& work) {
  try {
    for (size_t i = shared.next++; i < count; i = shared.next++) {
      work(i);
      ++shared.done;
    }
  } catch (...) {
    shared.next = count;
    shared.fail(std::current_exception());
  }
  const std::lock_guard<std::mutex> lock(shared.mutex);
  --shared.running;
  shared.changed.notify_all();
}

}  // namespace

size_t worker_count(int64_t workers) {
  if (workers > 0) return static_cast<size_t>(workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

void for_each_parallel(size_t count, int64_t workers, const std::function<void(size_t)>& work,
                       const std::function<void(int64_t, int64_t)>& progress) {
  Shared shared;
  shared.running = std::min(worker_count(workers), count);
  std::vector<std::thread> threads;
  for (size_t i = shared.running; i > 0; --i)
    threads.emplace_back(run_worker, std::ref(shared), count, std::cref(work));
  {
    std::unique_lock<std::mutex> lock(shared.mutex);
    while (!shared.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return shared.running == 0; })) {
      lock.unlock();
      try {
        if (progress) progress(static_cast<int64_t>(shared.done), static_cast<int64_t>(count));
      } catch (...) {
        shared.next = count;
        shared.fail(std::current_exception());
      }
      lock.lock();
    }
  }
  for (auto& thread : threads) thread.join();
  if (shared.error) std::rethrow_exception(shared.error);
  if (progress) progress(static_cast<int64_t>(count), static_cast<int64_t>(count));
}

}  // namespace cvtool
