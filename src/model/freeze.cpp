#include "model/freeze.h"

#include <torch/script.h>

namespace cvtool {

torch::jit::Module frozen_module(const torch::jit::Module& module, const std::vector<std::string>& kept) {
  torch::jit::Module copy = module.deepcopy();
  copy.eval();
  // LibTorch inlines nested calls only while its executor optimises; without, submodules' code would be lost.
  const bool optimizes = torch::jit::getGraphExecutorOptimize();
  torch::jit::setGraphExecutorOptimize(true);
  torch::jit::Module frozen = torch::jit::freeze(copy, kept);
  torch::jit::setGraphExecutorOptimize(optimizes);
  return frozen;
}

torch::jit::Module frozen_classifier(const torch::jit::Module& module) {
  return frozen_module(module, {"logits", "probabilities"});
}

}  // namespace cvtool
