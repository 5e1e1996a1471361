// Items prepared ahead of their use by worker threads and handed out in order.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

#include "base/worker_threads.h"

namespace cvtool {

// T: an item, first as its source names it, then as the work leaves it. Default-constructible and movable.
template <class T>
struct PrefetchPlan {
  std::function<bool(T& item)> source;  // names the next item; false: there are no more. By one thread at a time
  std::function<void(T& item)> work;    // by any thread; several items at once
  size_t workers = 1;                   // threads
  size_t window = 2;                    // items that may be named and not yet handed out
  ThreadStart start = start_thread;
};

enum class Got { kItem, kNothingYet, kEnd };

// What comes out does not depend on the number of threads. With none at all (the system refuses them) next() does
// the work.
template <class T>
class OrderedPrefetch {
 public:
  explicit OrderedPrefetch(PrefetchPlan<T> plan)
      : plan_(std::move(plan)),
        threads_(
            plan_.workers, [this] { run(); }, plan_.start) {}
  ~OrderedPrefetch() { stop(); }

  // The next item, in the source's order; false at the end. What source or work threw is thrown here in the item's
  // place, and then comes the end; no item is begun after it has been thrown there.
  bool next(T& item) {
    while (true)
      if (const Got got = next(item, std::chrono::hours(1)); got != Got::kNothingYet) return got == Got::kItem;
  }

  // The same, but waits no longer than `limit`; without threads it waits for the source.
  Got next(T& item, std::chrono::milliseconds limit) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (threads_.empty() && slots_.empty() && !ended_) prepare_one(lock);
    const auto known = [this] { return stopped_ || (slots_.empty() ? ended_ && !naming_ : slots_.front().done); };
    if (!ready_.wait_for(lock, limit, known)) return Got::kNothingYet;
    if (stopped_ || slots_.empty()) return Got::kEnd;
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    room_.notify_one();
    if (slot.error) {
      stopped_ = true;
      std::rethrow_exception(slot.error);
    }
    item = std::move(slot.item);
    return Got::kItem;
  }

  // True while an item is named that has not been handed out.
  bool under_way() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !slots_.empty();
  }

  // From any thread: the end comes at once, and nothing more is begun. A source that waits must look at stopped().
  void stop() {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    end();
  }

  bool stopped() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return stopped_;
  }

 private:
  struct Slot {
    T item{};
    std::exception_ptr error;
    bool done = false;
  };

  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      room_.wait(lock, [this] { return ended_ || (!naming_ && slots_.size() < plan_.window); });
      if (ended_) return;
      prepare_one(lock);
    }
  }

  // Names one item and works on it, with the lock held at both ends.
  void prepare_one(std::unique_lock<std::mutex>& lock) {
    Slot named;
    naming_ = true;
    bool any = true;
    unlocked(lock, named, [&] { any = plan_.source(named.item); });
    naming_ = false;
    room_.notify_one();
    ready_.notify_one();
    if (ended_) return;
    if (!any) return end();
    slots_.push_back(std::move(named));
    Slot& slot = slots_.back();  // stays where it is while others come and go
    if (!slot.error) unlocked(lock, slot, [&] { plan_.work(slot.item); });
    slot.done = true;
    if (slot.error) end();
    ready_.notify_one();
  }

  template <class Call>
  void unlocked(std::unique_lock<std::mutex>& lock, Slot& slot, const Call& call) {
    lock.unlock();
    try {
      call();
    } catch (...) {
      slot.error = std::current_exception();
    }
    lock.lock();
  }

  // No further item is named.
  void end() {
    ended_ = true;
    room_.notify_all();
    ready_.notify_all();
  }

  PrefetchPlan<T> plan_;
  mutable std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::deque<Slot> slots_;  // in order: named, worked on or done
  bool naming_ = false;     // the source is being asked
  bool ended_ = false, stopped_ = false;
  WorkerThreads threads_;  // last: they are joined while the rest still stands
};

}  // namespace cvtool
