#include "augment/affine.h"

#include <algorithm>
#include <cmath>

namespace cvtool {
namespace {

constexpr double kTurn = 6.283185307179586;

// The linear part of `a` about the centre of the picture.
Affine about_centre(Affine a, ImageSize in) {
  const double cx = static_cast<double>(in.width - 1) / 2, cy = static_cast<double>(in.height - 1) / 2;
  a.x0 = cx - (a.xx * cx + a.xy * cy);
  a.y0 = cy - (a.yx * cx + a.yy * cy);
  return a;
}

Affine shifted(double right, double down) { return {1, 0, right, 0, 1, down}; }

// Reads the box (left, top, width, height) stretched to the size `out`, half-pixel centres.
Affine stretched(double left, double top, ImageSize box, ImageSize out) {
  const double sx = static_cast<double>(box.width) / static_cast<double>(out.width);
  const double sy = static_cast<double>(box.height) / static_cast<double>(out.height);
  return {sx, 0, left + sx / 2 - 0.5, 0, sy, top + sy / 2 - 0.5};
}

bool fits(ImageSize inner, ImageSize outer) {
  return inner.height >= 1 && inner.width >= 1 && inner.height <= outer.height && inner.width <= outer.width;
}

// Keras's smart_resize: the largest centred box of the target's aspect, stretched to the target.
Affine enlarged(ImageSize size, ImageSize in) {
  const ImageSize box{std::min(in.height, std::max<int64_t>(1, in.width * size.height / size.width)),
                      std::min(in.width, std::max<int64_t>(1, in.height * size.width / size.height))};
  const auto left = static_cast<double>((in.width - box.width) / 2);
  const auto top = static_cast<double>((in.height - box.height) / 2);
  return stretched(left, top, box, size);
}

bool whole(double value) { return value == std::floor(value); }

}  // namespace

Affine compose(const Affine& first, const Affine& second) {
  const Affine& a = first;
  const Affine& b = second;
  return {a.xx * b.xx + a.xy * b.yx, a.xx * b.xy + a.xy * b.yy, a.xx * b.x0 + a.xy * b.y0 + a.x0,
          a.yx * b.xx + a.yy * b.yx, a.yx * b.xy + a.yy * b.yy, a.yx * b.x0 + a.yy * b.y0 + a.y0};
}

std::optional<Move> as_move(const Affine& map, ImageSize in, ImageSize out) {
  if (map.xy != 0 || map.yx != 0 || std::abs(map.xx) != 1 || std::abs(map.yy) != 1) return {};
  if (!whole(map.x0) || !whole(map.y0)) return {};
  Move move{static_cast<int64_t>(map.x0), static_cast<int64_t>(map.y0), map.xx < 0, map.yy < 0};
  if (move.mirror_x) move.left -= out.width - 1;
  if (move.mirror_y) move.top -= out.height - 1;
  const bool inside =
      move.left >= 0 && move.top >= 0 && move.left + out.width <= in.width && move.top + out.height <= in.height;
  return inside ? std::optional<Move>(move) : std::nullopt;
}

Affine rotation(double turns, ImageSize in) {
  const double c = std::cos(turns * kTurn), s = std::sin(turns * kTurn);
  return about_centre({c, -s, 0, s, c, 0}, in);
}

Affine draw_affine(const RandomFlip& params, Random& random, ImageSize in) {
  Affine map;
  if (params.mode != "vertical" && random.uniform() < 0.5) map.xx = -1, map.x0 = static_cast<double>(in.width - 1);
  if (params.mode != "horizontal" && random.uniform() < 0.5) map.yy = -1, map.y0 = static_cast<double>(in.height - 1);
  return map;
}

Affine draw_affine(const RandomRotation& params, Random& random, ImageSize in) {
  return rotation(random.uniform(-params.factor, params.factor), in);
}

Affine draw_affine(const RandomZoom& params, Random& random, ImageSize in) {
  const double high = random.uniform(1 - params.height_factor, 1 + params.height_factor);
  const double wide = params.width_factor < 0 ? high : random.uniform(1 - params.width_factor, 1 + params.width_factor);
  return about_centre({wide, 0, 0, 0, high, 0}, in);
}

Affine draw_affine(const RandomTranslation& params, Random& random, ImageSize in) {
  const double down = random.uniform(-params.height_factor, params.height_factor);
  const double right = random.uniform(-params.width_factor, params.width_factor);
  return shifted(-right * static_cast<double>(in.width), -down * static_cast<double>(in.height));
}

Affine draw_affine(const RandomShear& params, Random& random, ImageSize in) {
  const double sx = random.uniform(-params.x_factor, params.x_factor);
  const double sy = random.uniform(-params.y_factor, params.y_factor);
  return about_centre({1, sx, 0, sy, 1, 0}, in);
}

Affine draw_affine(const RandomCrop& params, Random& random, ImageSize in) {
  if (!fits(params.size, in)) return enlarged(params.size, in);
  const int64_t top = random.below(in.height - params.size.height + 1);
  const int64_t left = random.below(in.width - params.size.width + 1);
  return shifted(static_cast<double>(left), static_cast<double>(top));
}

Affine centre_crop(const RandomCrop& params, ImageSize in) {
  if (!fits(params.size, in)) return enlarged(params.size, in);
  return shifted(static_cast<double>((in.width - params.size.width) / 2),
                 static_cast<double>((in.height - params.size.height) / 2));
}

Affine draw_affine(const RandomResizedCrop& params, Random& random, ImageSize in) {
  const auto height = static_cast<double>(in.height), width = static_cast<double>(in.width);
  for (int tries = 0; tries < 10; ++tries) {
    const double area = height * width * random.uniform(params.min_area, params.max_area);
    const double ratio = std::exp(random.uniform(std::log(params.min_ratio), std::log(params.max_ratio)));
    const ImageSize box{std::llround(std::sqrt(area / ratio)), std::llround(std::sqrt(area * ratio))};
    if (!fits(box, in)) continue;
    const int64_t top = random.below(in.height - box.height + 1);
    const int64_t left = random.below(in.width - box.width + 1);
    return stretched(static_cast<double>(left), static_cast<double>(top), box, in);
  }
  ImageSize box = in;  // the largest centred part of an allowed aspect
  if (width / height < params.min_ratio) box.height = std::max<int64_t>(1, std::llround(width / params.min_ratio));
  if (width / height > params.max_ratio) box.width = std::max<int64_t>(1, std::llround(height * params.max_ratio));
  return stretched(static_cast<double>((in.width - box.width) / 2), static_cast<double>((in.height - box.height) / 2),
                   box, in);
}

}  // namespace cvtool
