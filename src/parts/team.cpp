#include "parts/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

namespace cvtool {

PartTeam::PartTeam(size_t threads, size_t lanes, const AroundThread& around)
    : lanes_(std::max<size_t>(1, std::min(lanes, threads))), free_lanes_(lanes_) {
  for (size_t part = 0; part < threads; ++part) seats_.push_back(std::make_unique<Seat>());
  threads_.reserve(threads);
  try {
    for (size_t part = 0; part < threads; ++part)
      threads_.emplace_back([this, part, around] { around([this, part] { live(part); }); });
  } catch (...) {
    end_threads();
    throw;
  }
}

PartTeam::~PartTeam() { end_threads(); }

void PartTeam::end_threads() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    for (const auto& seat : seats_) seat->wake.notify_one();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void PartTeam::queue(size_t part) {
  queue_.push_back(part);
  hand_out_lanes();
}

void PartTeam::hand_out_lanes() {
  while (free_lanes_ > 0 && !queue_.empty()) {
    Seat& seat = *seats_[queue_.front()];
    queue_.pop_front();
    --free_lanes_;
    seat.has_lane = true;
    seat.wake.notify_one();
  }
}

void PartTeam::give_lane_back() {
  ++free_lanes_;
  hand_out_lanes();
}

void PartTeam::live(size_t part) {
  std::unique_lock<std::mutex> lock(mutex_);
  Seat& seat = *seats_[part];
  while (true) {
    seat.wake.wait(lock, [&] { return seat.has_lane.load() || closing_; });
    if (closing_) return;
    work_on(part, lock);
    seat.has_lane = false;
    give_lane_back();
    if (++ended_parts_ == count_) done_.notify_one();
  }
}

void PartTeam::work_on(size_t part, std::unique_lock<std::mutex>& lock) {
  std::exception_ptr error;
  lock.unlock();
  try {
    (*work_)(part);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (!error || error_) return;
  error_ = error;
  for (const size_t waiting : waiting_) queue_.push_back(waiting);
  waiting_.clear();
  hand_out_lanes();
}

void PartTeam::run(size_t count, const std::function<void(size_t part)>& work) {
  std::unique_lock<std::mutex> lock(mutex_);
  work_ = &work;
  count_ = count;
  ended_parts_ = 0;
  error_ = nullptr;
  for (size_t part = 0; part < count; ++part) queue(part);
  done_.wait(lock, [this] { return ended_parts_ == count_; });
  if (error_) std::rethrow_exception(error_);
}

void PartTeam::meet(size_t part, const std::function<void()>& together) {
  constexpr const char* kAbandoned = "another part of the batch has failed";
  std::unique_lock<std::mutex> lock(mutex_);
  if (error_) throw std::runtime_error(kAbandoned);
  if (waiting_.size() + 1 == count_) {
    together();
    // Who came last is still awake, and what it needs is still near.
    queue_.insert(queue_.end(), waiting_.rbegin(), waiting_.rend());
    waiting_.clear();
    hand_out_lanes();
    return;
  }
  waiting_.push_back(part);
  Seat& seat = *seats_[part];
  seat.has_lane = false;
  give_lane_back();
  wait_for_lane(seat, lock);
  if (error_) throw std::runtime_error(kAbandoned);
}

void PartTeam::wait_for_lane(Seat& seat, std::unique_lock<std::mutex>& lock) {
  constexpr auto kAwake = std::chrono::microseconds(50);
  if (free_lanes_ > 0) {
    lock.unlock();
    for (const auto end = std::chrono::steady_clock::now() + kAwake;
         !seat.has_lane && std::chrono::steady_clock::now() < end;) {
    }
    lock.lock();
  }
  seat.wake.wait(lock, [&] { return seat.has_lane.load(); });
}

void PartTeam::for_each(size_t count, const std::function<void(size_t)>& task) {
  std::atomic<size_t> next{0};
  run(std::min(count, lanes_), [&](size_t) {
    for (size_t i = next++; i < count; i = next++) task(i);
  });
}

}  // namespace cvtool
