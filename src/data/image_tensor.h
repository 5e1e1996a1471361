// A decoded photo as a net takes it.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

namespace cvtool {

// CV_8UC3, RGB, of any size -> [1,3,h,w] u8, channels_last, CPU, with memory of its own.
at::Tensor tensor_from_image(const cv::Mat& image);

}  // namespace cvtool
