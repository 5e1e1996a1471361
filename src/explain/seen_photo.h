// A photo for people and for the net.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>
#include <string>

#include "data/image.h"

namespace cvtool {

// A photo as it is, and as the net gets it.
struct SeenPhoto {
  cv::Mat rgb;        // CV_8UC3
  at::Tensor pixels;  // [1,C,H,W], as the net is given them
};

// Throws DataError with the reason, without the path.
SeenPhoto read_seen_photo(const std::string& path, const DataConfig& data, const DecodeOptions& decode);

}  // namespace cvtool
