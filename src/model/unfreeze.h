// Which parameters of a frozen base are trained after all.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace cvtool {

struct Unfrozen {
  std::vector<at::Tensor> parameters;  // with requires_grad set
  std::vector<std::string> names;      // of the parameters, "features.18.0.weight"
};

// `what`: "all"; N, the last N layers that have a kernel (and their biases); or a prefix of the parameters' names.
// Batch norm stays as it is unless `norms`. All other parameters have requires_grad cleared. Throws UsageError where
// nothing fits, naming near names, or where the base is frozen for good (constants instead of parameters).
Unfrozen unfreeze(torch::jit::Module& base, const std::string& what, bool norms);

}  // namespace cvtool
