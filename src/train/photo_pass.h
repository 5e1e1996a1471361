// One pass of a net over the photos of a store.
#pragma once

#include <functional>
#include <vector>

#include "base/ordered_prefetch.h"
#include "data/loader.h"

namespace cvtool {

// A batch of photos, and what the net made of it.
struct Passed {
  Batch photos;                    // pixels are gone
  std::vector<at::Tensor> values;  // as `work` gave them
};

struct PassPlan {
  // What the net makes of a batch with at least one photo; from several threads at once on the CPU.
  std::function<std::vector<at::Tensor>(const Batch& photos)> work;
  int64_t rows = 1;  // of a batch; on the CPU a function of the net alone, see batch_rows
  at::Device device = at::kCPU;
};

// Batches come out in order. On the CPU each one is read and worked on in a lane, as many at once as lane_count() says;
// for a GPU they are read ahead, and worked on in the caller's thread.
class PhotoPass {
 public:
  // `order` holds indices into store.samples().
  PhotoPass(const PhotoStore& store, std::vector<size_t> order, PassPlan plan);

  // The next batch, or false after the last one. Rethrows what a lane threw. Batches of photos that have all vanished
  // are left out.
  bool next(Passed& passed);

 private:
  std::function<void(Passed&)> work_;
  bool in_lanes_;
  OrderedPrefetch<Passed> batches_;
};

}  // namespace cvtool
