#include "augment/filters.h"

#include <ATen/ATen.h>

#include <cmath>

#include "augment/resample.h"
#include "torch/transfer.h"

namespace cvtool {
namespace {

// 0..size-1 with `margin` more at both ends, dcba|abcd|dcba, also where the margin exceeds the size.
at::Tensor reflected_index(int64_t size, int64_t margin, const at::Tensor& like) {
  std::vector<int64_t> index;
  for (int64_t i = -margin; i < size + margin; ++i) {
    const int64_t place = ((i % (2 * size)) + 2 * size) % (2 * size);
    index.push_back(place < size ? place : 2 * size - 1 - place);
  }
  return sent(at::tensor(index, at::kLong), like.device());
}

// weights[k][row] of the taps -margin..margin. A row's taps end at its own 3 sigma, whatever the margin.
std::vector<std::vector<double>> gaussian_taps(const std::vector<double>& sigmas, int64_t margin) {
  std::vector<std::vector<double>> taps(static_cast<size_t>(2 * margin + 1), std::vector<double>(sigmas.size()));
  for (size_t row = 0; row < sigmas.size(); ++row) {
    const auto reach = static_cast<int64_t>(std::ceil(3 * sigmas[row]));
    double total = 0;
    const auto weight = [&](int64_t k) {
      const double z = sigmas[row] == 0 ? 0 : static_cast<double>(k) / sigmas[row];
      return std::exp(-z * z / 2);
    };
    for (int64_t k = -reach; k <= reach; ++k) total += weight(k);
    for (int64_t k = -reach; k <= reach; ++k) taps[static_cast<size_t>(margin + k)][row] = weight(k) / total;
  }
  return taps;
}

at::Tensor blur_along(const at::Tensor& pixels, int64_t dim, const std::vector<std::vector<double>>& taps) {
  const int64_t size = pixels.size(dim), margin = static_cast<int64_t>(taps.size()) / 2;
  const auto padded = pixels.index_select(dim, reflected_index(size, margin, pixels));
  auto out = padded.narrow(dim, 0, size) * per_row(taps[0], pixels);
  for (int64_t k = 1; k <= 2 * margin; ++k)
    out.add_(padded.narrow(dim, k, size) * per_row(taps[static_cast<size_t>(k)], pixels));
  return out;
}

// Uniform in (0, 1).
float open_uniform(Random& random) { return (static_cast<float>(random.bits32() >> 8) + 0.5f) * 0x1.0p-24f; }

}  // namespace

at::Tensor gaussian_blur(const at::Tensor& pixels, const std::vector<double>& sigmas) {
  double largest = 0;
  for (double sigma : sigmas) largest = std::max(largest, sigma);
  if (largest == 0) return pixels;
  const auto taps = gaussian_taps(sigmas, static_cast<int64_t>(std::ceil(3 * largest)));
  return blur_along(blur_along(pixels, 3, taps), 2, taps).clamp_(0, 255);
}

at::Tensor adjust_sharpness(const at::Tensor& pixels, const std::vector<double>& factors) {
  const int64_t height = pixels.size(2) - 2, width = pixels.size(3) - 2;
  if (height < 1 || width < 1) return pixels;
  const auto shifted = [&](int64_t y, int64_t x) { return pixels.narrow(2, y, height).narrow(3, x, width); };
  auto smooth = shifted(1, 1) * 5;
  for (int64_t k = 0; k < 9; ++k)
    if (k != 4) smooth.add_(shifted(k / 3, k % 3));
  smooth.div_(13);
  const auto factor = per_row(factors, pixels);
  auto out = pixels.clone();
  out.narrow(2, 1, height).narrow(3, 1, width).copy_(shifted(1, 1) * factor + smooth * (1 - factor));
  return out.clamp_(0, 255);
}

at::Tensor normal_draws(Random& random, int64_t count) {
  auto out = at::empty({count + count % 2}, at::kFloat);
  auto* values = out.data_ptr<float>();
  for (int64_t i = 0; i < count; i += 2) {
    const float radius = std::sqrt(-2 * std::log(open_uniform(random)));
    const float angle = 6.2831853f * open_uniform(random);
    values[i] = radius * std::cos(angle);
    values[i + 1] = radius * std::sin(angle);
  }
  return out.narrow(0, 0, count);
}

at::Tensor byte_draws(Random& random, int64_t count) {
  auto out = at::empty({count}, at::kFloat);
  auto* values = out.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) values[i] = 255 * open_uniform(random);
  return out;
}

Box draw_box(const RandomErasing& params, Random& random, ImageSize in) {
  if (!(random.uniform() < params.p)) return {};
  for (int tries = 0; tries < 10; ++tries) {
    const double area = static_cast<double>(in.height * in.width) * random.uniform(params.min_area, params.max_area);
    const double ratio = std::exp(random.uniform(std::log(params.min_ratio), std::log(params.max_ratio)));
    const int64_t height = std::llround(std::sqrt(area * ratio)), width = std::llround(std::sqrt(area / ratio));
    if (height >= in.height || width >= in.width) continue;
    const int64_t top = random.below(in.height - height + 1);
    const int64_t left = random.below(in.width - width + 1);
    return {top, left, height, width};
  }
  return {};
}

at::Tensor box_mask(const std::vector<Box>& boxes, const at::Tensor& like) {
  std::vector<double> top, bottom, left, right;
  for (const auto& box : boxes) {
    top.push_back(static_cast<double>(box.top));
    bottom.push_back(static_cast<double>(box.top + box.height));
    left.push_back(static_cast<double>(box.left));
    right.push_back(static_cast<double>(box.left + box.width));
  }
  const auto y = at::arange(like.size(2), like.options().dtype(at::kFloat)).view({1, 1, -1, 1});
  const auto x = at::arange(like.size(3), like.options().dtype(at::kFloat)).view({1, 1, 1, -1});
  const auto in_rows = (y >= per_row(top, like)).logical_and(y < per_row(bottom, like));
  const auto in_columns = (x >= per_row(left, like)).logical_and(x < per_row(right, like));
  return in_rows.logical_and(in_columns);
}

}  // namespace cvtool
