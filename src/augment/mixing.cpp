#include "augment/mixing.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "augment/resample.h"

namespace cvtool {
namespace {

double draw_gamma(double shape, Random& random) {
  if (shape < 1) {
    const double larger = draw_gamma(shape + 1, random);
    return larger * std::pow(1 - random.uniform(), 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double z = random.normal();
    const double v = std::pow(1 + c * z, 3);
    if (v > 0 && std::log(1 - random.uniform()) < z * z / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

double draw_beta(double alpha, Random& random) {
  if (alpha == 0) return 1;
  const double a = draw_gamma(alpha, random), b = draw_gamma(alpha, random);
  // A tiny alpha lets both draws underflow; the distribution is then all but a fair coin.
  if (a + b == 0) return random.uniform() < 0.5 ? 0 : 1;
  return a / (a + b);
}

CutMixDraw draw_cutmix(const CutMix& params, Random& random, ImageSize in) {
  const double side = std::sqrt(1 - draw_beta(params.alpha, random));
  const auto height = static_cast<int64_t>(static_cast<double>(in.height) * side);
  const auto width = static_cast<int64_t>(static_cast<double>(in.width) * side);
  const int64_t y = random.below(in.height), x = random.below(in.width);
  const int64_t top = std::max<int64_t>(0, y - height / 2), left = std::max<int64_t>(0, x - width / 2);
  const int64_t bottom = std::min(in.height, y - height / 2 + height);
  const int64_t right = std::min(in.width, x - width / 2 + width);
  const Box box{top, left, bottom - top, right - left};
  return {box, 1 - static_cast<double>(box.height * box.width) / static_cast<double>(in.height * in.width)};
}

at::Tensor mix_rows(const at::Tensor& own, const at::Tensor& partner, const std::vector<double>& fractions) {
  std::vector<int64_t> shape(static_cast<size_t>(own.dim()), 1);
  shape[0] = own.size(0);
  const auto fraction = per_row(fractions, own).view(shape);
  return own * fraction + partner * (1 - fraction);
}

at::Tensor paste_boxes(const at::Tensor& own, const at::Tensor& partner, const std::vector<Box>& boxes) {
  return at::where(box_mask(boxes, own), partner, own);
}

}  // namespace cvtool
