// Many numbers in a model's info: the bytes of a tensor as text.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

// base64 of the numbers, little-endian, row by row. `numbers` is on the CPU.
std::string text_of_numbers(const at::Tensor& numbers);

// The same back, of this type and shape, of which the only side may be -1: as many as there are. Throws Error beginning
// with `trouble` where the text is of other numbers, or one of them is not finite.
at::Tensor numbers_of_text(const std::string& text, at::ScalarType type, std::vector<int64_t> shape,
                           const std::string& trouble);

}  // namespace cvtool
