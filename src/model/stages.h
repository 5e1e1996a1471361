// A backbone taken apart where training begins: what runs frozen, and what is trained.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace cvtool {

// A frozen copy of a module in evaluation mode, on its device, with forward and the methods and attributes named in
// `kept`.
torch::jit::Module frozen_module(const torch::jit::Module& module, const std::vector<std::string>& kept = {});

// The same with weights as constants and no code for training, but nothing folded: a first step that costs half.
torch::jit::Module constant_module(const torch::jit::Module& module, const std::vector<std::string>& kept = {});

// A copy of a frozen module whose graphs can be changed by themselves.
torch::jit::Module copy_of_frozen(const torch::jit::Module& frozen);

// The methods of a classifier (see Net::module) beside forward: logits, probabilities and, where it has it, sigmoids.
std::vector<std::string> classifier_methods(const torch::jit::Module& module);

// Modules cut into stages and joined again: where a backbone is frozen up to, and what is trained behind it.

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

// Whether a module has nothing to train, and does the same in training as in evaluation, and the same each time: it
// flattens, pools, scales, applies a function, say.
bool is_still(const torch::jit::Module& module);

// Which parameters of a frozen backbone are trained after all.

struct Unfrozen {
  std::vector<at::Tensor> parameters;  // with requires_grad set
  std::vector<std::string> names;      // of the parameters, "features.18.0.weight"
};

// `what`: "all"; N, the last N layers that have a kernel (and their biases); or a prefix of the parameters' names.
// Batch norm stays as it is unless `norms`. All other parameters have requires_grad cleared. Throws UsageError where
// nothing fits, naming near names, or where the backbone is frozen for good (constants instead of parameters).
Unfrozen unfreeze(torch::jit::Module& backbone, const std::string& what, bool norms);

}  // namespace cvtool
