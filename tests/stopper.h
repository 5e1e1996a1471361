// An observer that asks for a stop, and sees nothing else.
#pragma once

#include "base/observer.h"

namespace cvtool {

class Stopper : public Observer {
 public:
  // `at`: which question whether to stop is the first to be answered with yes, counted from 1.
  explicit Stopper(int at) : at_(at) {}
  void progress(const Progress&) override {}
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return ++asked_ >= at_; }

 private:
  int at_, asked_ = 0;
};

}  // namespace cvtool
