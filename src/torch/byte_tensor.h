// Bytes as tensors, and tensors as bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cvtool {

// [n] u8, on the processor; a copy.
at::Tensor tensor_of_bytes(const std::string& bytes);

// The values as they lie in memory; of a contiguous tensor of any type on the processor.
std::string bytes_of_tensor(const at::Tensor& tensor);

}  // namespace cvtool
