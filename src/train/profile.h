// A clock for the parts of a training.
#pragma once

#include <chrono>
#include <mutex>
#include <thread>

#include "spec/profile_result.h"

namespace cvtool {

class Timed;

// Made by the thread that trains. On a GPU, work counts where it is waited for.
class Profile {
 public:
  void add_photos(int64_t count) { now_.photos += count; }
  // Of a batch that several processes share.
  void add_exchange(int64_t exchanges, int64_t sent_bytes);
  // Of the epochs so far.
  TrainProfile result() const;

 private:
  friend class Timed;
  friend class TimedEpoch;
  using Clock = std::chrono::steady_clock;

  const std::thread::id owner_ = std::this_thread::get_id();
  Timed* innermost_ = nullptr;  // of the owner's
  EpochTime now_;
  std::vector<EpochTime> epochs_;
  std::mutex lock_;  // of now_.workers
};

// While alive, the time of this thread counts as one part's; what is timed within it does not. Without a profile it
// does nothing.
class Timed {
 public:
  Timed(Profile* profile, Spent part);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

  // Of its own time only `share`, from 0 to 1, is the part's; the rest is that of `other`.
  void divide(double share, Spent other) { share_ = share, other_ = other; }
  // So many seconds within are another part's altogether.
  void set_aside(double seconds, Spent part) { aside_s_ = seconds, aside_ = part; }

 private:
  Profile* const profile_;
  const Spent part_;
  double share_ = 1;
  Spent other_ = part_;
  double aside_s_ = 0;
  Spent aside_ = part_;
  Timed* outer_ = nullptr;
  double within_s_ = 0;  // of what is timed within
  Profile::Clock::time_point start_;
};

// While alive, an epoch, or what is left of one.
class TimedEpoch {
 public:
  TimedEpoch(Profile* profile, int64_t epoch);
  ~TimedEpoch();
  TimedEpoch(const TimedEpoch&) = delete;
  TimedEpoch& operator=(const TimedEpoch&) = delete;

 private:
  Profile* const profile_;
  Profile::Clock::time_point start_;
};

}  // namespace cvtool
