// A frozen model for other programs: torch.jit.load in Python or C++, nothing of cvtool needed.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "base/fields.h"
#include "model/model_file.h"

namespace cvtool {

struct TorchscriptOptions {
  std::string precision = "fp32";  // how weights are kept: fp32, bf16, fp16 or int8; computing is float32
  bool with_resize = false;        // takes pictures of any size
};

// `model` frozen (weights as constants, batch norm folded) with its methods forward, logits and probabilities, and with
// the attributes `classes`, `golden_picture` and `golden_probabilities`; its golden sample is taken anew. Throws
// UsageError when its way of resizing cannot be put inside.
ModelFile frozen_for_export(const ModelFile& model, const TorchscriptOptions& options);

// Weights kept in fewer bits.

// Replaces the weights (float32 constants of two dimensions or more) of a frozen module's methods by bf16, fp16 or int8
// ones that are expanded to float32 when the module runs. int8 has one scale a row (output channel), its largest value
// / 127. fp32 changes nothing.
void compact_weights(torch::jit::Module& frozen, const std::string& precision, const std::vector<std::string>& methods);

// Resizing as part of the model: the arithmetic of data/resize.cpp, step by step, in TorchScript.

struct ResizeRule {
  ImageSize size;
  std::string resize;         // stretch, crop or pad
  std::string interpolation;  // nearest or bilinear
  int64_t steps_of_byte = 1;  // pixels are rounded to so many a byte: 257 of photos of 16 bits
};

// How the pictures of the model (its info) are resized. Throws UsageError where that cannot be put inside a model.
ResizeRule resize_rule(const Json& info);

// A classifier that takes pictures [N,C,h,w] of any size, resizes them as train, eval and predict do (to the same
// bytes) and calls `classifier` (see Net::module). Throws UsageError for an interpolation that is not written here.
torch::jit::Module with_resize_inside(const torch::jit::Module& classifier, const ResizeRule& rule);

}  // namespace cvtool
