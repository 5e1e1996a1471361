// Compute lanes: whole batches side by side, one per core, instead of slices of each operation inside one net. Nothing
// waits at barriers, and what is computed does not depend on how many lanes there are.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "torch/device.h"

namespace cvtool {

// While alive, this thread is a lane: LibTorch's operations run in it alone, and TorchScript runs
// as it is written. OpenBLAS, which knows one number of threads for the whole process, has one while there is a lane.
class Lane {
 public:
  Lane();
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

 private:
  OneComputeThread alone_;
  bool optimizes_;
};

// How many lanes the calling thread may fill: its compute threads (see prepare_process); 1 in a lane.
size_t lane_count();

// compute(x) by batches of exactly `rows` rows, since LibTorch's algorithms and so the last bits depend on a batch's
// size: the last one is filled up with zeros, which are cut off again. In lanes, as many as lane_count() says.
// `x` [N,...], N > 0, on the CPU; compute keeps the number of rows.
at::Tensor in_lanes(const at::Tensor& x, int64_t rows,
                    const std::function<at::Tensor(const at::Tensor& batch)>& compute);

}  // namespace cvtool
