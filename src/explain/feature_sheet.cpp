#include "explain/feature_sheet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/text.h"
#include "report/canvas.h"
#include "report/sheet.h"

namespace cvtool {
namespace {

constexpr Ink kAbove{200, 90, 0}, kBelow{0, 90, 170};

// Shares 0..1 of the range; a flat plane is all 0.
cv::Mat fractions(const at::Tensor& plane, const ValueRange& range) {
  const double span = range.high - range.low;
  cv::Mat values = plane_from_tensor(plane);
  if (span > 0)
    values = (values - range.low) / span;
  else
    values.setTo(0);
  return cv::min(cv::max(values, 0.0), 1.0);
}

constexpr int kTilePx = 128;
constexpr int64_t kMaxChannels = 16;

int64_t whole_number(const std::string& text, int64_t count) {
  const bool digits = !text.empty() && text.size() < 10 &&
                      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
  if (!digits) throw UsageError("--channels: '" + text + "' is not a number; write how many, or which, as in 3,5,9");
  const int64_t number = std::stoll(text);
  if (number > count)
    throw UsageError("--channels: " + text + " is out of range; the layer has " + counted(count, "channel"));
  return number;
}

// The three channels of a kernel as red, green and blue.
cv::Mat coloured_kernel(const at::Tensor& kernel, double strongest) {
  const at::Tensor fractions = strongest > 0 ? kernel / strongest : kernel;
  const at::Tensor bytes =
      (fractions * 127.5 + 127.5).round().clamp(0, 255).to(at::kByte).permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(kernel.size(1)), static_cast<int>(kernel.size(2)), CV_8UC3, bytes.data_ptr<uint8_t>())
      .clone();
}

SheetPicture tile(const cv::Mat& picture, std::vector<std::string> caption) {
  return {enlarged(picture, 2 * kTilePx), std::move(caption)};
}

}  // namespace

cv::Mat plane_from_tensor(const at::Tensor& plane) {
  const at::Tensor values = plane.detach().to(at::kCPU, at::kFloat).contiguous();
  return cv::Mat(static_cast<int>(values.size(0)), static_cast<int>(values.size(1)), CV_32F, values.data_ptr<float>())
      .clone();
}

ValueRange range_of(const at::Tensor& plane) { return {plane.min().item<double>(), plane.max().item<double>()}; }

cv::Mat grey_picture(const at::Tensor& plane, const ValueRange& range, double gamma) {
  cv::Mat values = fractions(plane, range), bytes, rgb;
  if (gamma != 1) cv::pow(values, gamma, values);
  values.convertTo(bytes, CV_8U, 255);
  cv::cvtColor(bytes, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

cv::Mat colour_picture(const at::Tensor& plane) {
  cv::Mat bytes, rgb;
  fractions(plane, range_of(plane)).convertTo(bytes, CV_8U, 255);
  cv::applyColorMap(bytes, rgb, cv::COLORMAP_VIRIDIS);
  cv::cvtColor(rgb, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

cv::Mat signed_picture(const at::Tensor& plane, double strongest) {
  const cv::Mat values = plane_from_tensor(plane);
  cv::Mat rgb(values.size(), CV_8UC3);
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const double fraction = strongest > 0 ? std::clamp(values.at<float>(y, x) / strongest, -1.0, 1.0) : 0;
      const Ink ink = blended(kWhite, fraction < 0 ? kBelow : kAbove, std::abs(fraction));
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

std::vector<int64_t> channels_from_text(const std::string& text, int64_t count, int64_t otherwise) {
  std::vector<int64_t> channels;
  if (text.find(',') == std::string::npos) {
    const int64_t first = text.empty() ? std::min(otherwise, count) : whole_number(text, count);
    if (first == 0) throw UsageError("--channels: 0 is out of range; write how many, or which, as in 3,5,9");
    channels.resize(static_cast<size_t>(first));
    std::iota(channels.begin(), channels.end(), int64_t{0});
    return channels;
  }
  for (const std::string& word : split(text, ',')) {
    if (word.empty()) continue;
    const int64_t channel = whole_number(word, count);
    if (channel == count)
      throw UsageError("--channels: " + word + " is out of range; the layer's channels are 0 to " +
                       std::to_string(count - 1));
    channels.push_back(channel);
  }
  if (channels.empty()) throw UsageError("--channels: '" + text + "' names no channel");
  return channels;
}

void write_feature_sheet(const std::string& path, const std::string& layer, const at::Tensor& maps,
                         const std::vector<int64_t>& channels) {
  std::vector<SheetPicture> pictures;
  for (int64_t channel : channels) {
    const at::Tensor map = maps[channel];
    const ValueRange range = range_of(map);
    pictures.push_back(tile(colour_picture(map), {"channel " + std::to_string(channel),
                                                  significant(range.low, 4) + " to " + significant(range.high, 4)}));
  }
  const std::string part = static_cast<int64_t>(channels.size()) == maps.size(0)
                               ? ""
                               : counted(static_cast<int64_t>(channels.size()), "channel") + " of ";
  SheetStyle style{layer + ": " + part + counted(maps.size(0), "channel") + ", " + size_text(maps)};
  style.tile_px = kTilePx;
  write_sheet(path, pictures, style);
}

void write_kernel_sheet(const std::string& path, const std::string& layer, const at::Tensor& kernels,
                        const std::vector<int64_t>& filters) {
  const bool coloured = kernels.size(1) == 3, alone = coloured || kernels.size(1) == 1;  // a tile a filter
  const int64_t shown = std::min(kernels.size(1), kMaxChannels);
  std::vector<SheetPicture> pictures;
  for (int64_t filter : filters) {
    const at::Tensor kernel = kernels[filter];
    const double strongest = kernel.abs().max().item<double>();
    const std::string name = "filter " + std::to_string(filter), size = "up to " + significant(strongest, 4);
    if (coloured) pictures.push_back(tile(coloured_kernel(kernel, strongest), {name, size}));
    for (int64_t channel = 0; !coloured && channel < shown; ++channel)
      pictures.push_back(tile(signed_picture(kernel[channel], strongest),
                              {name, alone ? size : "channel " + std::to_string(channel)}));
  }
  SheetStyle style{layer + ": " + counted(kernels.size(0), "kernel") + " of " + size_text(kernels) + ", " +
                   counted(kernels.size(1), "channel")};
  style.tile_px = alone ? kTilePx : kTilePx / 2;
  if (!alone) style.columns = static_cast<int>(shown);
  write_sheet(path, pictures, style);
}

}  // namespace cvtool
