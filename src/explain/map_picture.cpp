#include "explain/map_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "report/canvas.h"

namespace cvtool {
namespace {

constexpr Ink kAbove{200, 90, 0}, kBelow{0, 90, 170};

// Shares 0..1 of the range; a flat plane is all 0.
cv::Mat shares(const at::Tensor& plane, const Range& range) {
  const double span = range.high - range.low;
  cv::Mat values = plane_from_tensor(plane);
  if (span > 0)
    values = (values - range.low) / span;
  else
    values.setTo(0);
  return cv::min(cv::max(values, 0.0), 1.0);
}

}  // namespace

cv::Mat plane_from_tensor(const at::Tensor& plane) {
  const at::Tensor values = plane.detach().to(at::kCPU, at::kFloat).contiguous();
  return cv::Mat(static_cast<int>(values.size(0)), static_cast<int>(values.size(1)), CV_32F, values.data_ptr<float>())
      .clone();
}

Range range_of(const at::Tensor& plane) { return {plane.min().item<double>(), plane.max().item<double>()}; }

cv::Mat grey_picture(const at::Tensor& plane, const Range& range, double gamma) {
  cv::Mat values = shares(plane, range), bytes, rgb;
  if (gamma != 1) cv::pow(values, gamma, values);
  values.convertTo(bytes, CV_8U, 255);
  cv::cvtColor(bytes, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

cv::Mat colour_picture(const at::Tensor& plane) {
  cv::Mat bytes, rgb;
  shares(plane, range_of(plane)).convertTo(bytes, CV_8U, 255);
  cv::applyColorMap(bytes, rgb, cv::COLORMAP_VIRIDIS);
  cv::cvtColor(rgb, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

cv::Mat signed_picture(const at::Tensor& plane, double strongest) {
  const cv::Mat values = plane_from_tensor(plane);
  cv::Mat rgb(values.size(), CV_8UC3);
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const double share = strongest > 0 ? std::clamp(values.at<float>(y, x) / strongest, -1.0, 1.0) : 0;
      const Ink ink = blended(kWhite, share < 0 ? kBelow : kAbove, std::abs(share));
      rgb.at<cv::Vec3b>(y, x) = {static_cast<uchar>(ink.red), static_cast<uchar>(ink.green),
                                 static_cast<uchar>(ink.blue)};
    }
  return rgb;
}

std::string size_text(const at::Tensor& tensor) {
  return std::to_string(tensor.size(-2)) + "x" + std::to_string(tensor.size(-1));
}

cv::Mat enlarged(const cv::Mat& picture, int side_px) {
  const int side = std::max(picture.rows, picture.cols), times = (side_px + side - 1) / side;
  if (times <= 1) return picture;
  cv::Mat larger;
  cv::resize(picture, larger, {}, times, times, cv::INTER_NEAREST);
  return larger;
}

}  // namespace cvtool
