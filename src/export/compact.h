// Weights kept in fewer bits.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace cvtool {

// Replaces the weights (float32 constants of two dimensions or more) of a frozen module's methods by bf16, fp16 or int8
// ones that are expanded to float32 when the module runs. int8 has one scale a row (output channel), its largest value
// / 127. fp32 changes nothing.
void compact_weights(torch::jit::Module& frozen, const std::string& precision, const std::vector<std::string>& methods);

}  // namespace cvtool
