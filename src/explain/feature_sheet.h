// Numbers as pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace cvtool {

// CV_32F of a plane [H,W] of any type.
cv::Mat plane_from_tensor(const at::Tensor& plane);

struct ValueRange {
  double low = 0, high = 1;
};
ValueRange range_of(const at::Tensor& plane);

// Each as CV_8UC3, RGB, of the plane's size.
// Black at range.low, white at range.high, the share between raised to `gamma`.
cv::Mat grey_picture(const at::Tensor& plane, const ValueRange& range, double gamma = 1);
// Dark blue at the plane's smallest value to yellow at its largest (viridis).
cv::Mat colour_picture(const at::Tensor& plane);
// White at 0, orange above, blue below; full colour at `strongest`.
cv::Mat signed_picture(const at::Tensor& plane, double strongest);

// "64x48": height and width of [...,H,W].
std::string size_text(const at::Tensor& tensor);

// Larger by an integer of times, without smoothing, until the longer side is at least `side_px`; larger pictures as
// they are.
cv::Mat enlarged(const cv::Mat& picture, int side_px);

// Feature maps and kernels as sheets of small pictures.

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
