// Whether the other processes are there: a thread that beats, and one that listens.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace cvtool {

// Why a rank has ended, as all ranks hear it.
struct RankEnd {
  size_t rank = 0;  // whose end it is
  ExitCode code = ExitCode::kFailed;
  std::string text;  // what is said of it
};

struct WatchPlan {
  size_t rank = 0;
  std::vector<std::string> names;         // of all ranks, "rank 1 on node7"
  double timeout_s = 60;                  // of silence
  c10::intrusive_ptr<c10d::Store> store;  // used by the watch alone; rank 0 holds what is in it
};

// The store is used by one thread, which may wait in it for ever where rank 0 has been stopped; another one looks at
// the clock.
class Watch {
 public:
  explicit Watch(WatchPlan plan);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // How the first rank to end has ended, as far as is known.
  std::optional<RankEnd> known() const;
  // Tells the others; waits a moment until they can know. What was known before stays. Returns what is known.
  RankEnd tell(const RankEnd& end);
  // Of a rank whose connection has broken off: its own words where it has left some.
  RankEnd lost(size_t rank);
  // From now on nobody is missed.
  void stop();

  // While alive, `call_off` is called again and again once an end is known.
  class Waiting {
   public:
    Waiting(Watch& watch, std::function<void()> call_off);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Watch& watch_;
  };

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with its threads: the one that beats may outlive this
  std::thread beats_, looks_;
};

}  // namespace cvtool
