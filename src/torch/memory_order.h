// The order of a batch's numbers in memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace cvtool {

// `x` [N,C,H,W] with the channels last in memory; itself, or a view of it, where it is so already. Of one channel every
// order is the same, and LibTorch goes by the strides: they say channels last too, so that convolutions choose as for
// three.
at::Tensor channels_last(const at::Tensor& x);

}  // namespace cvtool
