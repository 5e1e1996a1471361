// The features of the training photos that a training has kept, for who looks at these photos again when it is done.
#pragma once

#include <memory>

#include "train/phases.h"

namespace cvtool {

class FeatureStore;

struct KeptFeatures {
  std::shared_ptr<const FeatureStore>
      train;               // null: none are kept, or not of the whole backbone. Outlived by the photos
  size_t head_layers = 0;  // they lie behind the backbone and so many layers of the head
};

// The features that a training with a frozen backbone keeps of `inputs.train`, of a training that had nothing left to
// do: what its cache on disk does not have is computed where it is asked for, to the same bits. Nothing is kept where
// the training keeps nothing.
KeptFeatures kept_features(const PhaseInputs& inputs);

}  // namespace cvtool
