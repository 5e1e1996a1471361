// Where the processes of a launch find each other, by LibTorch's c10d.
#pragma once

// Else its header is empty; LibTorch itself does not say that it was built with it.
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <string>
#include <vector>

#include "base/launch.h"

namespace cvtool {

struct Meeting {
  c10::intrusive_ptr<c10d::TCPStore> server;  // of rank 0; all others' stores end with it
  c10::intrusive_ptr<c10d::TCPStore> store;
  std::vector<std::string> names;  // of all ranks, "rank 1 on node7"
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group;
};

// Waits for all others. Throws Error naming who has not come within `timeout_s`, or what hinders this process.
Meeting meet(const Launch& launch, double timeout_s);

// The first line of what LibTorch or Gloo say, without a stack trace.
std::string reason_of(const std::exception& error);

}  // namespace cvtool
