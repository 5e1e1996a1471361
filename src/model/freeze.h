// Freezing: weights become constants, batch norm is folded, what only training needs falls away.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace cvtool {

// A frozen copy of a classifier (see Net::module) in evaluation mode, with its methods forward, logits and
// probabilities, on the module's device.
torch::jit::Module frozen_classifier(const torch::jit::Module& module);

}  // namespace cvtool
