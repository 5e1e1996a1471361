// What a net makes of photos, photo by photo, beside naming them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/observer.h"
#include "data/loader.h"
#include "evaluate/opened_model.h"
#include "train/kept_features.h"

namespace cvtool {

struct PhotoLooks {
  std::vector<int64_t> labels;      // the data's
  std::vector<double> best;         // the largest probability
  std::vector<double> right;        // the probability of the label; not of labels that the model does not know
  std::vector<double> free_energy;  // -log sum exp(logits) (Liu et al., "Energy-based Out-of-distribution Detection",
                                    // NeurIPS 2020); of one unit its logit and 0
  at::Tensor features;              // [N,D] f32, as compared_features gives them; undefined where the net has none

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
};

// Of the photos `rows` of the store. `batch`: photos per step on a GPU. Throws Error (kInterrupted) when the observer
// asks to stop.
PhotoLooks look_at(const PhotoPredictor& predictor, const PhotoStore& store, std::vector<size_t> rows, int64_t batch,
                   Observer& observer);

// Labels and features alone, of photos whose values behind the backbone a training has kept (kept.train is not null),
// `rows` of that store: they go through the rest of the head of `classifier`, a model's module with that backbone. The
// same bytes for any number of threads.
PhotoLooks look_at_kept(const torch::jit::Module& classifier, const KeptFeatures& kept,
                        const std::vector<size_t>& rows);

}  // namespace cvtool
