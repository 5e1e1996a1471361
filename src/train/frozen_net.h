// The part of a net on a backbone that is not trained: where it ends, and its values as what steps are fed.
#pragma once

#include <memory>
#include <vector>

#include "model/stages.h"
#include "train/feature_store.h"
#include "train/phases.h"

namespace cvtool {

// A net on a backbone, cut in two where training begins.
struct CutNet {
  // One after the other they are the net; nothing is frozen from the backbone's first stage on, or nothing at all.
  std::vector<torch::jit::Module> frozen, still,
      trained;                       // still: layers of the head that only reshape or pool, see is_still
  Unfrozen unfrozen;                 // what of the backbone is trained
  bool backbone_statistics = false;  // its batch statistics move
};

// Cuts where training begins under `fine_tune`, a word of TransferConfig; requires_grad is set of the backbone's
// tensors that are trained, and cleared of the others.
CutNet cut_net(const PhaseInputs& in, const std::string& fine_tune);

// Frozen copies of net.frozen and net.still. The head's part by itself: behind the backbone's precision it computes in
// float32, as it did in the head.
std::vector<torch::jit::Module> frozen_modules(const CutNet& net);

// What is made of pixels before the trained part of the net; empty: nothing.
struct FrozenParts {
  FrozenPart train, valid;
};

// Epochs start from pixels.
void use_pixels(const PhaseInputs& in, TrainingPhase& phase, const FrozenParts& frozen = {});

// Epochs start from features, kept where the photos have few forms. Validation has its own in float32, as in the model
// that is then used. Gives those of the training photos; null where none are kept.
std::shared_ptr<const FeatureStore> use_features(const PhaseInputs& in, const std::vector<torch::jit::Module>& frozen,
                                                 TrainingPhase& phase);

// Features of the training photos in all their forms, kept whatever feature_cache says; where they have too many, or
// mixed labels, as they are. `phase` is given them too, and validation's, as by use_features.
std::shared_ptr<const FeatureStore> keep_features(const PhaseInputs& in, const std::vector<torch::jit::Module>& frozen,
                                                  TrainingPhase* phase = nullptr);

// The same features of the training photos as one of the two above keeps, none of them computed yet; null where none
// would be kept.
std::shared_ptr<const FeatureStore> unfilled_features(const PhaseInputs& in,
                                                      const std::vector<torch::jit::Module>& frozen);

}  // namespace cvtool
