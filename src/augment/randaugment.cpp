#include "augment/randaugment.h"

#include <ATen/ATen.h>

#include <cmath>

#include "augment/colour.h"
#include "augment/filters.h"
#include "augment/resample.h"

namespace cvtool {
namespace {

bool is_signed(RandOp op) { return op >= RandOp::kShearX && op <= RandOp::kSharpness; }

double magnitude_of(RandOp op, double strength, ImageSize in) {
  switch (op) {
    case RandOp::kShearX:
    case RandOp::kShearY:
      return 0.3 * strength;
    case RandOp::kTranslateX:
      return std::trunc(150.0 / 331.0 * static_cast<double>(in.width) * strength);
    case RandOp::kTranslateY:
      return std::trunc(150.0 / 331.0 * static_cast<double>(in.height) * strength);
    case RandOp::kRotate:
      return 30 * strength;
    case RandOp::kBrightness:
    case RandOp::kColor:
    case RandOp::kContrast:
    case RandOp::kSharpness:
      return 0.9 * strength;
    case RandOp::kPosterize:
      return 8 - std::nearbyint(4 * strength);
    case RandOp::kSolarize:
      return 255 * (1 - strength);
    default:
      return 0;
  }
}

// The shears are about the corner of the picture, the turn about its centre.
Affine affine_of(const RandOpDraw& draw, ImageSize in) {
  const double m = draw.magnitude;
  switch (draw.op) {
    case RandOp::kShearX:
      return {1, m, m / 2, 0, 1, 0};
    case RandOp::kShearY:
      return {1, 0, 0, m, 1, m / 2};
    case RandOp::kTranslateX:
      return {1, 0, -m, 0, 1, 0};
    case RandOp::kTranslateY:
      return {1, 0, 0, 0, 1, -m};
    case RandOp::kRotate:
      return rotation(m / 360, in);
    default:
      return {};
  }
}

ColourMap colour_of(const RandOpDraw& draw) {
  ColourMap map;
  if (draw.op == RandOp::kBrightness) map.multiply(1 + draw.magnitude);
  if (draw.op == RandOp::kColor) map.saturation(1 + draw.magnitude);
  if (draw.op == RandOp::kContrast) map.contrast_about_grey(1 + draw.magnitude);
  return map;
}

at::Tensor posterize(const at::Tensor& x, const std::vector<double>& bits) {
  std::vector<double> steps;
  for (double b : bits) steps.push_back(std::exp2(8 - b));
  const auto step = per_row(steps, x);
  return (x.round() / step).floor_() * step;
}

at::Tensor solarize(const at::Tensor& x, const std::vector<double>& thresholds) {
  const auto bytes = x.round();
  return at::where(bytes >= per_row(thresholds, x), 255 - bytes, bytes);
}

at::Tensor auto_contrast(const at::Tensor& x) {
  const auto low = x.amin({2, 3}, true), span = x.amax({2, 3}, true) - low;
  const auto stretched = (x - low) * (255 / span.clamp_min(1e-6));
  return at::where(span > 0, stretched.clamp_(0, 255), x);
}

at::Tensor equalize(const at::Tensor& x) {
  const int64_t planes = x.size(0) * x.size(1), count = x.size(2) * x.size(3);
  const auto bytes = x.round().to(at::kLong).view({planes, count});
  // Not bincount: a GPU would have to tell the host how many bins it needs.
  const auto one = at::ones({1, 1}, bytes.options()).expand_as(bytes);
  const auto histogram = at::zeros({planes, 256}, bytes.options()).scatter_add_(1, bytes, one);
  const auto last = histogram.gather(1, bytes.amax(1, true));  // how many pixels have the largest value
  const auto step = at::floor_divide(count - last, 255);
  const auto divisor = step.clamp_min(1);
  const auto below = histogram.cumsum(1) - histogram;
  const auto table = at::floor_divide(below + at::floor_divide(divisor, 2), divisor).clamp_(0, 255);
  return at::where(step == 0, bytes, table.gather(1, bytes)).view(x.sizes()).to(at::kFloat);
}

struct Rows {
  std::vector<int64_t> index;
  std::vector<double> magnitudes;
};

Rows rows_of(RandOp op, const std::vector<RandOpDraw>& draws) {
  Rows rows;
  for (size_t i = 0; i < draws.size(); ++i)
    if (draws[i].op == op) {
      rows.index.push_back(static_cast<int64_t>(i));
      rows.magnitudes.push_back(draws[i].magnitude);
    }
  return rows;
}

}  // namespace

RandOpDraw draw_rand_op(int64_t m, Random& random, ImageSize in) {
  const auto op = static_cast<RandOp>(random.below(kRandOps));
  const double magnitude = magnitude_of(op, static_cast<double>(m) / 30, in);
  return {op, is_signed(op) && random.below(2) == 1 ? -magnitude : magnitude};
}

at::Tensor apply_rand_ops(const at::Tensor& pixels, const std::vector<RandOpDraw>& draws, const Sampling& sampling) {
  const ImageSize size{pixels.size(2), pixels.size(3)};
  std::vector<Affine> maps;
  std::vector<ColourMap> colours;
  for (const auto& draw : draws) {
    maps.push_back(affine_of(draw, size));
    colours.push_back(colour_of(draw));
  }
  auto x = apply_colour(resample(pixels, maps, size, sampling), colours);
  const auto change = [&](RandOp op, const auto& function) {
    const Rows rows = rows_of(op, draws);
    x = on_rows(x, rows.index, [&](const at::Tensor& part) { return function(part, rows.magnitudes); });
  };
  change(RandOp::kSharpness, [](const at::Tensor& part, std::vector<double> factors) {
    for (double& f : factors) f += 1;
    return adjust_sharpness(part, factors);
  });
  change(RandOp::kPosterize, posterize);
  change(RandOp::kSolarize, solarize);
  change(RandOp::kAutoContrast, [](const at::Tensor& part, const auto&) { return auto_contrast(part); });
  change(RandOp::kEqualize, [](const at::Tensor& part, const auto&) { return equalize(part); });
  return x;
}

}  // namespace cvtool
