// Why a net gives every picture the same answer.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>

namespace cvtool {

// True where the rows of `values` [N,...] are equal but for rounding.
bool are_rows_equal(const at::Tensor& values);

struct DeadLayer {
  std::string name;    // as in the summary: "dense"
  int64_t units = 0;   // channels or features that it gives
  bool silent = true;  // all are zero for every picture; else they are equal for every picture
};

// The first layer behind the preprocessing whose output is the same for all of `pixels` [N,C,H,W] u8, on the net's
// device; nothing where their answers differ. `net`: see Net::module; in evaluation mode.
std::optional<DeadLayer> find_dead_layer(const torch::jit::Module& net, const at::Tensor& pixels);

// What the user is told of it, and what helps.
std::string dead_layer_text(const DeadLayer& layer);

}  // namespace cvtool
