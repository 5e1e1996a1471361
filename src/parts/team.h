// Threads for the parts of a batch: one for each where parts wait for each other, and only so many run at once as there
// are cores.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace cvtool {

// Runs a thread's life, and may prepare it before.
using AroundThread = std::function<void(const std::function<void()>& life)>;

// What comes out depends on neither the number of lanes nor on which thread is faster. Waiting threads sleep, after
// some millionths of a second where their core would be idle: to wake one up takes longer.
class PartTeam {
 public:
  // Starts `threads` threads, of which at most `lanes` run at once. Throws std::system_error where the system refuses
  // one.
  PartTeam(size_t threads, size_t lanes, const AroundThread& around);
  ~PartTeam();
  PartTeam(const PartTeam&) = delete;
  PartTeam& operator=(const PartTeam&) = delete;

  size_t threads() const { return threads_.size(); }

  // work(0) .. work(count - 1), each in a thread of its own; count <= threads(). Rethrows what the first of them to
  // fail threw, when all have ended.
  void run(size_t count, const std::function<void(size_t part)>& work);

  // From within work, by every part equally often: returns when all have come. The last one to come has called
  // `together`, which sees what the others did before. Throws where another part has failed.
  void meet(size_t part, const std::function<void()>& together);

  // task(0) .. task(count - 1), in any order, by as many threads as there are lanes.
  void for_each(size_t count, const std::function<void(size_t)>& task);

 private:
  struct Seat {
    std::condition_variable wake;
    std::atomic<bool> has_lane{false};  // written with the lock held
  };

  void live(size_t part);
  void work_on(size_t part, std::unique_lock<std::mutex>& lock);
  void queue(size_t part);
  void hand_out_lanes();
  void give_lane_back();
  void wait_for_lane(Seat& seat, std::unique_lock<std::mutex>& lock);
  void end_threads();

  size_t lanes_, free_lanes_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::deque<size_t> queue_;     // parts that could go on and have no lane
  std::vector<size_t> waiting_;  // parts at the meeting
  const std::function<void(size_t part)>* work_ = nullptr;
  size_t count_ = 0, ended_parts_ = 0;
  std::exception_ptr error_;
  bool closing_ = false;
  std::vector<std::thread> threads_;  // last: they use the rest
};

}  // namespace cvtool
