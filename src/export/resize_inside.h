// Resizing as part of the model: the arithmetic of data/resize.cpp, step by step, in TorchScript.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "base/fields.h"

namespace cvtool {

struct ResizeRule {
  ImageSize size;
  std::string resize;         // stretch, crop or pad
  std::string interpolation;  // nearest or bilinear
};

// A classifier that takes pictures [N,3,h,w] of any size, resizes them as train, eval and predict do (to the same
// bytes) and calls `classifier` (see Net::module). Throws UsageError for an interpolation that is not written here.
torch::jit::Module with_resize_inside(const torch::jit::Module& classifier, const ResizeRule& rule);

}  // namespace cvtool
