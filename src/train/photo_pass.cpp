#include "train/photo_pass.h"

#include <algorithm>

#include "torch/lanes.h"

namespace cvtool {
namespace {

PrefetchPlan<Passed> plan_of_pass(std::vector<size_t> order, int64_t batch) {
  const size_t rows = static_cast<size_t>(batch), batches = (order.size() + rows - 1) / rows;
  PrefetchPlan<Passed> plan;
  plan.source = [order = std::move(order), rows, next = size_t{0}](Passed& named) mutable {
    named.photos.rows = slice(order, next, rows);
    next += named.photos.rows.size();
    return !named.photos.rows.empty();
  };
  plan.workers = batches;
  return plan;
}

}  // namespace

PhotoPass::PhotoPass(const PhotoStore& store, std::vector<size_t> order, PassPlan plan)
    : work_([work = std::move(plan.work)](Passed& passed) {
        if (!passed.photos.rows.empty()) passed.values = work(passed.photos);
        passed.photos.pixels = at::Tensor();
      }),
      in_lanes_(plan.device.is_cpu()),
      batches_([&] {
        PrefetchPlan<Passed> batches = plan_of_pass(std::move(order), plan.rows);
        const size_t threads = in_lanes_ ? lane_count() : worker_count(store.options().read.workers);
        batches.workers = std::min(batches.workers, threads);
        batches.work = [this, &store](Passed& passed) {
          passed.photos = read_batch(store, passed.photos.rows);
          if (!in_lanes_) return;
          const Lane lane;
          const at::NoGradGuard no_grad;
          work_(passed);
        };
        // What has been worked on is small: a lane need not wait for a slower one.
        batches.window = (in_lanes_ ? 4 : 1) * batches.workers + 1;
        return batches;
      }()) {}

bool PhotoPass::next(Passed& passed) {
  while (batches_.next(passed)) {
    if (!in_lanes_) work_(passed);
    if (!passed.photos.rows.empty()) return true;
  }
  return false;
}

}  // namespace cvtool
