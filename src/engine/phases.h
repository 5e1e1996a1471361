// Which part of a net is trained in which epochs, and on what.
#pragma once

#include <vector>

#include "engine/recipe.h"
#include "data/loader.h"
#include "model/compile.h"
#include "train/trainer.h"

namespace cvtool {

struct PhaseInputs {
  const Recipe& recipe;       // resolved
  const Net& net;             // on `device`
  int64_t classes = 0;
  const PhotoStore& train;
  const PhotoStore* valid = nullptr;  // may be null
  at::Device device = at::kCPU;
};

// The phases of a run. They keep references to the stores and to the net's weights.
std::vector<PhasePlan> training_phases(const PhaseInputs& inputs);

}  // namespace cvtool
