// Modules cut into stages and joined again: where a base is frozen up to, and what is trained behind it.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace cvtool {

struct Stage {
  std::string name;           // path below the module: "features.3"
  torch::jit::Module module;  // forward(Tensor) -> Tensor; shares its weights with the module it was cut from
};

// The children that the module's forward calls one after the other and nothing else; a child that is alone is cut in
// its turn. One stage, the module itself (with an empty name), where forward does anything else.
std::vector<Stage> stages_of(const torch::jit::Module& module);

// A frozen module on the stages' device whose forward runs them in order, in evaluation mode: weights are constants,
// batch norm is folded. A copy: the stages do not change.
torch::jit::Module frozen_stages(const std::vector<torch::jit::Module>& stages);

}  // namespace cvtool
