#include "data/image_tensor.h"

#include <ATen/ATen.h>

#include <opencv2/core.hpp>

namespace cvtool {

at::Tensor tensor_from_image(const cv::Mat& image) {
  at::Tensor rows = at::empty({1, image.rows, image.cols, 3}, at::kByte);
  cv::Mat target(image.rows, image.cols, CV_8UC3, rows.data_ptr());
  image.copyTo(target);
  return rows.permute({0, 3, 1, 2});
}

}  // namespace cvtool
