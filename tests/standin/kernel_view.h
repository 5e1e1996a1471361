// Tensors of the device as the processor's operations are given them.
#pragma once

#include <ATen/core/Tensor.h>

namespace standin {

inline bool is_on_device(const at::Tensor& tensor) { return tensor.defined() && tensor.is_privateuseone(); }

// The same values as a tensor of the processor, sharing memory; for kernels alone.
at::Tensor kernel_view(const at::Tensor& on_device);

// A new tensor of the device with these values, in the same order in memory.
at::Tensor on_device(const at::Tensor& made_by_kernel);

// Sets sizes as a dense tensor has them, with memory for them.
void set_size(const at::Tensor& on_device, at::IntArrayRef sizes);

}  // namespace standin
