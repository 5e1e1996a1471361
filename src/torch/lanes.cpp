#include "torch/lanes.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/ordered_prefetch.h"
#include "torch/blas_threads.h"

namespace cvtool {
namespace {

// OpenBLAS's threads serve one caller at a time: lanes would wait for each other. Their number is the process's, and
// so is this count of lanes.
class LaneCount {
 public:
  void lane_begins() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (lanes_++ > 0) return;
    blas_threads_before_ = blas_threads();
    set_blas_threads(1);
  }

  void lane_ends() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--lanes_ == 0) set_blas_threads(blas_threads_before_);
  }

 private:
  std::mutex mutex_;
  int lanes_ = 0, blas_threads_before_ = 0;
};

LaneCount& lanes_at_work() {
  static LaneCount count;
  return count;
}

at::Tensor filled_up(const at::Tensor& batch, int64_t rows) {
  if (batch.size(0) == rows) return batch;
  std::vector<int64_t> more = batch.sizes().vec();
  more[0] = rows - batch.size(0);
  return at::cat({batch, at::zeros(more, batch.options())}).contiguous(batch.suggest_memory_format());
}

struct LaneBatch {
  int64_t first = 0;
  at::Tensor y;
};

}  // namespace

Lane::Lane() : optimizes_(torch::jit::getGraphExecutorOptimize()) {
  torch::jit::setGraphExecutorOptimize(false);
  lanes_at_work().lane_begins();
}

Lane::~Lane() {
  lanes_at_work().lane_ends();
  torch::jit::setGraphExecutorOptimize(optimizes_);
}

size_t lane_count() { return static_cast<size_t>(std::max(1, at::get_num_threads())); }

at::Tensor in_lanes(const at::Tensor& x, int64_t rows,
                    const std::function<at::Tensor(const at::Tensor& batch)>& compute) {
  const int64_t count = x.size(0);
  const auto batches = static_cast<size_t>((count + rows - 1) / rows);
  PrefetchPlan<LaneBatch> plan;
  plan.source = [&, next = int64_t{0}](LaneBatch& batch) mutable {
    batch.first = next;
    next += rows;
    return batch.first < count;
  };
  plan.work = [&](LaneBatch& batch) {
    const Lane lane;
    const at::NoGradGuard no_grad;
    const int64_t own = std::min(rows, count - batch.first);
    batch.y = compute(filled_up(x.narrow(0, batch.first, own), rows)).narrow(0, 0, own);
  };
  // The calling thread alone where there is nothing to share.
  const size_t lanes = std::min(lane_count(), batches);
  plan.workers = lanes > 1 ? lanes : 0;
  plan.window = batches;
  OrderedPrefetch<LaneBatch> done(std::move(plan));
  std::vector<at::Tensor> parts;
  for (LaneBatch batch; done.next(batch);) parts.push_back(batch.y);
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

}  // namespace cvtool
