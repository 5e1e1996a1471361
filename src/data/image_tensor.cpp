#include "data/image_tensor.h"

#include <ATen/ATen.h>

#include <cstring>
#include <opencv2/core.hpp>

namespace cvtool {
namespace {

constexpr float kStepsOfByte = 65535 / 255;

// A division is rounded once, so that a byte times 257 is that byte again.
at::Tensor floats_from_deep(const uint16_t* values, at::IntArrayRef shape) {
  at::Tensor floats = at::empty(shape, at::kFloat);
  auto* to = floats.data_ptr<float>();
  for (int64_t i = 0; i < floats.numel(); ++i) to[i] = static_cast<float>(values[i]) / kStepsOfByte;
  return floats;
}

}  // namespace

at::Tensor tensor_from_images(const std::vector<cv::Mat>& images) {
  if (images.empty()) return at::empty({0, 3, 0, 0}, at::kByte);
  const cv::Mat& first = images.front();
  const auto count = static_cast<int64_t>(images.size());
  const ImageSize size{first.rows, first.cols};
  const PixelFormat pixels{first.channels(), first.depth() == CV_16U ? 16 : 8};
  const at::Tensor rows = picture_rows(count, size, pixels);
  for (int64_t i = 0; i < count; ++i) {
    cv::Mat target(first.rows, first.cols, first.type(), rows.data_ptr<uint8_t>() + i * picture_bytes(size, pixels));
    images[static_cast<size_t>(i)].copyTo(target);
  }
  return tensor_from_rows(rows, count, size, pixels);
}

at::Tensor tensor_from_image(const cv::Mat& image) { return tensor_from_images({image}); }

int64_t picture_bytes(const ImageSize& size, const PixelFormat& pixels) {
  return size.height * size.width * pixels.channels * pixels.depth / 8;
}

at::Tensor picture_rows(int64_t count, const ImageSize& size, const PixelFormat& pixels) {
  return at::empty({count * picture_bytes(size, pixels)}, at::kByte);
}

at::Tensor tensor_from_rows(const at::Tensor& rows, int64_t count, const ImageSize& size, const PixelFormat& pixels) {
  const std::vector<int64_t> shape{count, size.height, size.width, pixels.channels};
  // [N,H,W,C] seen as [N,C,H,W] is channels_last without a copy.
  if (pixels.depth == 8)
    return rows.narrow(0, 0, count * picture_bytes(size, pixels)).view(shape).permute({0, 3, 1, 2});
  const auto* values = reinterpret_cast<const uint16_t*>(rows.data_ptr<uint8_t>());
  return floats_from_deep(values, shape).permute({0, 3, 1, 2});
}

}  // namespace cvtool
