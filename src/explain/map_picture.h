// Numbers as pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>
#include <string>

namespace cvtool {

// CV_32F of a plane [H,W] of any type.
cv::Mat plane_from_tensor(const at::Tensor& plane);

struct Range {
  double low = 0, high = 1;
};
Range range_of(const at::Tensor& plane);

// Each as CV_8UC3, RGB, of the plane's size.
// Black at range.low, white at range.high, the share between raised to `gamma`.
cv::Mat grey_picture(const at::Tensor& plane, const Range& range, double gamma = 1);
// Dark blue at the plane's smallest value to yellow at its largest (viridis).
cv::Mat colour_picture(const at::Tensor& plane);
// White at 0, orange above, blue below; full colour at `strongest`.
cv::Mat signed_picture(const at::Tensor& plane, double strongest);

// "64x48": height and width of [...,H,W].
std::string size_text(const at::Tensor& tensor);

// Larger by a whole number of times, without smoothing, until the longer side is at least `side_px`; larger pictures as
// they are.
cv::Mat enlarged(const cv::Mat& picture, int side_px);

}  // namespace cvtool
