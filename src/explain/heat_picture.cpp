#include "explain/heat_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "explain/map_picture.h"

namespace cvtool {
namespace {

constexpr double kStrongest = 0.6;  // share of the heat's colour at its largest value

// Where the net's input lies on a photo of this size: the whole of it, a box within it (crop) or around it (pad).
cv::Rect2d input_on_photo(const cv::Size& photo, const DataConfig& data) {
  if (data.resize == "stretch") return {0, 0, double(photo.width), double(photo.height)};
  const double across = photo.width / static_cast<double>(data.imgsz.width),
               down = photo.height / static_cast<double>(data.imgsz.height);
  const double scale = data.resize == "crop" ? std::min(across, down) : std::max(across, down);
  const double wide = scale * static_cast<double>(data.imgsz.width),
               high = scale * static_cast<double>(data.imgsz.height);
  return {(photo.width - wide) / 2, (photo.height - high) / 2, wide, high};
}

// Shares 0..1 of the heat's largest value for each pixel of the photo.
cv::Mat shares_on_photo(const at::Tensor& heat, const cv::Size& photo, const DataConfig& data) {
  const double largest = heat.max().item<double>();
  cv::Mat shares = plane_from_tensor(heat), smooth(photo, CV_32F, cv::Scalar(0));
  if (largest > 0) shares /= largest;
  const cv::Rect2d input = input_on_photo(photo, data);
  const cv::Rect box(static_cast<int>(std::lround(input.x)), static_cast<int>(std::lround(input.y)),
                     std::max(1, static_cast<int>(std::lround(input.width))),
                     std::max(1, static_cast<int>(std::lround(input.height))));
  cv::resize(shares, shares, box.size(), 0, 0, cv::INTER_LINEAR);
  const cv::Rect common = box & cv::Rect({}, photo);
  if (!common.empty()) shares(common - box.tl()).copyTo(smooth(common));
  return smooth;
}

}  // namespace

cv::Mat heat_over_photo(const cv::Mat& photo, const at::Tensor& heat, const DataConfig& data, int side_px) {
  cv::Mat out = photo.clone();
  const double reduce = side_px / static_cast<double>(std::max(photo.rows, photo.cols));
  if (reduce < 1) cv::resize(photo, out, {}, reduce, reduce, cv::INTER_AREA);
  const cv::Mat shares = shares_on_photo(heat, out.size(), data);
  cv::Mat bytes, colours;
  shares.convertTo(bytes, CV_8U, 255);
  cv::applyColorMap(bytes, colours, cv::COLORMAP_TURBO);
  for (int y = 0; y < out.rows; ++y)
    for (int x = 0; x < out.cols; ++x) {
      auto& pixel = out.at<cv::Vec3b>(y, x);
      const auto& bgr = colours.at<cv::Vec3b>(y, x);
      const double share = kStrongest * std::sqrt(static_cast<double>(shares.at<float>(y, x)));
      for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uchar>(pixel[c] * (1 - share) + bgr[2 - c] * share);
    }
  return out;
}

}  // namespace cvtool
