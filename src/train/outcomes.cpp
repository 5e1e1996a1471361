#include "train/outcomes.h"

#include <ATen/ATen.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "augment/variants.h"
#include "base/random.h"

namespace cvtool {

Outcomes one_outcome() {
  Outcomes out;
  out.index = [](uint64_t, uint64_t) { return int64_t{0}; };
  out.pixels = [](const at::Tensor& pixels, const std::vector<uint64_t>&, int64_t) { return pixels; };
  return out;
}

Outcomes outcomes_of(const Json& augment, uint64_t seed, int64_t views) {
  Outcomes out;
  const auto flips = std::make_shared<FlipOutcomes>(augment, seed);
  out.count = flips->count();
  if (out.count > 0) {
    if (out.count == 1) return one_outcome();
    out.key = "flips " + augment.dump();
    out.index = [flips](uint64_t id, uint64_t epoch) { return flips->index(id, epoch); };
    out.pixels = [flips](const at::Tensor& pixels, const std::vector<uint64_t>&, int64_t index) {
      return flips->pixels(pixels, index);
    };
    return out;
  }
  const auto augmenter = std::make_shared<Augmenter>(augment, seed, /*classes=*/2);
  if (views == 0 || augmenter->soft_labels()) return out;
  out.count = views;
  out.exact = false;
  out.key = "views " + std::to_string(seed) + " " + augment.dump();
  out.index = [seed, views](uint64_t id, uint64_t epoch) { return Random(seed, "view", epoch, id).below(views); };
  out.pixels = [augmenter](const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index) {
    const at::Tensor labels = at::zeros({pixels.size(0)}, pixels.options().dtype(at::kLong));
    return augmenter->apply({pixels, labels, ids}, static_cast<uint64_t>(index) + 1).pixels;
  };
  return out;
}

}  // namespace cvtool
