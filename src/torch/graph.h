// The nodes of TorchScript's graphs, and what is asked of them in more than one place.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <vector>

namespace cvtool {

// All nodes of a block, each before those of the blocks within it. A list of its own: nodes may be added and destroyed
// while it is gone through.
std::vector<torch::jit::Node*> nodes_of(torch::jit::Block& block);

// Those of all methods of a module and of the modules below it.
std::vector<torch::jit::Node*> nodes_of(const torch::jit::Module& module);

// Whether autocast on a processor rounds what the operator is given: its input, kernel and bias.
bool is_rounded_by_autocast(const torch::jit::Node& node);

}  // namespace cvtool
