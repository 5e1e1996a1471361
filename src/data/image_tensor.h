// Decoded photos as a net takes them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "spec/data_config.h"

namespace cvtool {

// Pictures of one size and type, CV_8U or CV_16U of 3 channels (RGB) or 1 -> [N,C,h,w], channels_last, CPU, with memory
// of its own: u8, or f32 of 16 bits, v * 255 / 65535, so that white is 255 as ever. Of none [0,3,0,0] u8.
at::Tensor tensor_from_images(const std::vector<cv::Mat>& images);

// The same of one.
at::Tensor tensor_from_image(const cv::Mat& image);

// Bytes of a picture of this size.
int64_t picture_bytes(const ImageSize& size, const PixelFormat& pixels);

// Room for so many pictures one after another, HWC, picture_bytes() each: [N * bytes] u8.
at::Tensor picture_rows(int64_t count, const ImageSize& size, const PixelFormat& pixels);

// The first `count` of them as tensor_from_images gives them; of 8 bits in the same memory.
at::Tensor tensor_from_rows(const at::Tensor& rows, int64_t count, const ImageSize& size, const PixelFormat& pixels);

}  // namespace cvtool
