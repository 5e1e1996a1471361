#include "engine/layer_values.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "explain/activations.h"
#include "torch/lanes.h"
#include "train/photo_pass.h"

namespace cvtool {

at::Tensor layer_values(const LayerOfNet& of, const PhotoStore& store, Observer& observer) {
  constexpr int64_t kRows = 16;
  const auto total = static_cast<int64_t>(store.samples().size());
  PassPlan plan;
  plan.rows = kRows;
  plan.work = [&of](const Batch& photos) {
    const auto compute = [&of](const at::Tensor& pixels) {
      const at::Tensor value = activations_of(of.net, pixels, {of.layer}).values[0];
      const at::Tensor means = value.dim() == 4 ? value.mean({2, 3}) : value.dim() == 3 ? value.mean(1) : value;
      return means.flatten(1).to(at::kFloat);
    };
    return std::vector<at::Tensor>{in_lanes(of.input ? of.input(photos.pixels) : photos.pixels, kRows, compute)};
  };
  PhotoPass pass(store, in_order(store.samples().size()), std::move(plan));
  std::vector<at::Tensor> parts;
  int64_t done = 0;
  for (Passed passed; pass.next(passed);) {
    parts.push_back(passed.values[0]);
    done += parts.back().size(0);
    observer.progress({"Looking", done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted; nothing was written", ExitCode::kInterrupted);
  }
  return at::cat(parts);
}

}  // namespace cvtool
