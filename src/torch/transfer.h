// Tensors on their way to the device that computes.
#pragma once

#include <ATen/core/Tensor.h>

namespace cvtool {

// The same values in memory from which a GPU reads while the processor goes on; where there is no such GPU, `tensor`
// itself. From any thread.
at::Tensor pinned(const at::Tensor& tensor, at::Device device);

// `tensor` on the device. Nobody waits for the copy: what the device is asked for next finds it done. Pinned on the way
// where it is not. Its own memory is free to be changed or given back at once.
at::Tensor sent(const at::Tensor& tensor, at::Device device);

}  // namespace cvtool
