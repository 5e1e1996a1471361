// A net that is only run forwards, made as fast as LibTorch runs it.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>
#include <vector>

namespace cvtool {

// A frozen copy (see frozen_module) in evaluation mode, on its device, with forward and the methods named in `kept`,
// and in forward with batch norm folded into the layers before it. Values differ from the module's by rounding alone.
torch::jit::Module fast_module(const torch::jit::Module& module, const std::vector<std::string>& kept = {});

// For float32 on the CPU, what fast_module gave with the weights in the order in which oneDNN reads them, which it
// would else make anew for each batch. Cannot be saved. Nothing where LibTorch cannot, or where it would be slower.
std::optional<torch::jit::Module> packed_module(const torch::jit::Module& fast, at::Device device,
                                                at::ScalarType precision);

// What fast_module gave with its kernels rounded to `precision` once, which autocast would do for each batch.
torch::jit::Module rounded_module(const torch::jit::Module& fast, at::ScalarType precision);

}  // namespace cvtool
