// Feature maps and kernels as sheets of small pictures.
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace cvtool {

// Which channels of `count` the user means: "16" the first 16, "3,5,9" just these, "" the first `otherwise`. Throws
// UsageError naming --channels.
std::vector<int64_t> channels_from_text(const std::string& text, int64_t count, int64_t otherwise);

// Writes the maps [C,H,W] of a layer, each from dark at its smallest to yellow at its largest value, with both numbers
// below it.
void write_feature_sheet(const std::string& path, const std::string& layer, const at::Tensor& maps,
                         const std::vector<int64_t>& channels);

// Writes kernels [filters,channels,h,w]: of three channels in colour, grey being 0; else each filter's channels (at
// most 16) side by side, orange above 0 and blue below.
void write_kernel_sheet(const std::string& path, const std::string& layer, const at::Tensor& kernels,
                        const std::vector<int64_t>& filters);

}  // namespace cvtool
