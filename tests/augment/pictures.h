// Small pictures for the tests of augmentations.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "augment/augment.h"
#include "base/random.h"

namespace cvtool {

// A [1,3,H,W] f32 picture whose three channels hold the same rows.
inline at::Tensor grey_picture(const std::vector<std::vector<float>>& rows) {
  std::vector<at::Tensor> lines;
  for (const auto& row : rows) lines.push_back(at::tensor(row));
  return at::stack(lines).expand({1, 3, -1, -1}).contiguous();
}

// [N,3,H,W] u8 channels_last, reproducible, every byte equally likely.
inline at::Tensor random_pictures(int64_t count, int64_t height, int64_t width) {
  Random random(5, "pictures");
  auto out = at::empty({count, 3, height, width}, at::TensorOptions(at::kByte));
  auto* bytes = out.data_ptr<uint8_t>();
  for (int64_t i = 0; i < out.numel(); ++i) bytes[i] = static_cast<uint8_t>(random.below(256));
  return out.contiguous(at::MemoryFormat::ChannelsLast);
}

// Rows 0 .. count-1 of `pictures` with ids 1000, 1001, ... and labels 0, 1, 2, 0, ...
inline AugmentRows rows_of(const at::Tensor& pictures, int64_t first, int64_t count) {
  AugmentRows rows;
  rows.pixels = pictures.narrow(0, first, count);
  rows.labels = at::arange(first, first + count, at::kLong).remainder(3);
  for (int64_t i = 0; i < count; ++i) rows.ids.push_back(static_cast<uint64_t>(1000 + first + i));
  return rows;
}

inline bool close(const at::Tensor& a, const at::Tensor& b, double tolerance) {
  return a.sizes() == b.sizes() && (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>() <= tolerance;
}

// Mean and bounds of many draws.
struct Spread {
  double low = 1e300, high = -1e300, sum = 0, squares = 0;
  int64_t count = 0;
  void add(double value) {
    low = std::min(low, value), high = std::max(high, value);
    sum += value, squares += value * value, ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
  double variance() const { return squares / static_cast<double>(count) - mean() * mean(); }
};

constexpr uint64_t kDraws = 10000;

}  // namespace cvtool
