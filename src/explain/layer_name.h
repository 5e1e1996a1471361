// From a place in a module to the name that `cvtool summary` prints.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <string>

namespace cvtool {

// What is known of the object that a method is called on.
struct LayerName {
  std::string name;   // "conv2d", "residual/shortcut_conv2d", "base/features/0"; "" where only operations are
  std::string alias;  // "residual" beside "residual/add"; "" where there is none
};

// `object` is reached from the classifier by prim::GetAttr nodes.
LayerName layer_name(const torch::jit::Value* object);

}  // namespace cvtool
