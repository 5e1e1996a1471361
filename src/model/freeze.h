// Freezing: weights become constants, batch norm is folded, what only training needs falls away.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace cvtool {

// A frozen copy of a module in evaluation mode, on its device, with forward and the methods and attributes named in
// `kept`.
torch::jit::Module frozen_module(const torch::jit::Module& module, const std::vector<std::string>& kept = {});

// A frozen copy of a classifier (see Net::module) in evaluation mode, with its methods forward, logits and
// probabilities, on the module's device.
torch::jit::Module frozen_classifier(const torch::jit::Module& module);

}  // namespace cvtool
