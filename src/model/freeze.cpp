#include "model/freeze.h"

#include <torch/script.h>

namespace cvtool {

torch::jit::Module frozen_classifier(const torch::jit::Module& module) {
  torch::jit::Module copy = module.deepcopy();
  copy.eval();
  // LibTorch inlines nested calls only while its executor optimises; without, submodules' code would be lost.
  const bool optimizes = torch::jit::getGraphExecutorOptimize();
  torch::jit::setGraphExecutorOptimize(true);
  torch::jit::Module frozen = torch::jit::freeze(copy, std::vector<std::string>{"logits", "probabilities"});
  torch::jit::setGraphExecutorOptimize(optimizes);
  return frozen;
}

}  // namespace cvtool
