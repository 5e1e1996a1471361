// Heat maps over photos.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>
#include <string>

#include "spec/data_config.h"

namespace cvtool {

// The photo (CV_8UC3, RGB, any size) with the heat [h,w] over it, strong where the heat is near its largest value.
// `data` says how the photo was fitted into the net's input, on which the heat lies; outside of it the photo is left as
// it is. Larger photos are reduced to `side_px`.
cv::Mat heat_over_photo(const cv::Mat& photo, const at::Tensor& heat, const DataConfig& data, int side_px = 640);

}  // namespace cvtool
