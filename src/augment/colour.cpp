#include "augment/colour.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "augment/resample.h"

namespace cvtool {
namespace {

constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114;

// [N,3,h,w] -> [N,1,h,w]
at::Tensor luma(const at::Tensor& x) {
  return x.narrow(1, 0, 1) * kRed + x.narrow(1, 1, 1) * kGreen + x.narrow(1, 2, 1) * kBlue;
}

// One member of every map as [N,1,1,1]; undefined where all are `neutral`.
at::Tensor member(const std::vector<ColourMap>& maps, double ColourMap::*which, double neutral,
                  const at::Tensor& like) {
  std::vector<double> values;
  bool all_neutral = true;
  for (const auto& map : maps) {
    values.push_back(map.*which);
    all_neutral &= map.*which == neutral;
  }
  return all_neutral ? at::Tensor() : per_row(values, like);
}

at::Tensor sum(const at::Tensor& a, const at::Tensor& b) { return !a.defined() ? b : !b.defined() ? a : a + b; }

// What a run adds to every pixel of a channel: [N,C,1,1] or [N,1,1,1]; undefined where that is nothing.
at::Tensor addend(const at::Tensor& pixels, const std::vector<ColourMap>& maps) {
  at::Tensor out = member(maps, &ColourMap::constant, 0, pixels);
  const auto mean = member(maps, &ColourMap::mean, 0, pixels);
  const auto mean_grey = member(maps, &ColourMap::mean_grey, 0, pixels);
  if (!mean.defined() && !mean_grey.defined()) return out;
  const auto means = pixels.mean({2, 3}, true);
  if (mean.defined()) out = sum(out, means * mean);
  if (mean_grey.defined()) out = sum(out, luma(means) * mean_grey);
  return out;
}

}  // namespace

void ColourMap::contrast(double c) {
  mean = c * mean + (1 - c) * (own + mean);
  mean_grey = c * mean_grey + (1 - c) * (grey + mean_grey);
  own *= c;
  grey *= c;
}

void ColourMap::contrast_about_grey(double c) {
  mean_grey = c * mean_grey + (1 - c) * (own + grey + mean + mean_grey);
  mean *= c;
  own *= c;
  grey *= c;
}

void ColourMap::brightness(double added) { constant += added; }

void ColourMap::multiply(double factor) {
  for (double* value : {&own, &grey, &mean, &mean_grey, &constant}) *value *= factor;
}

void ColourMap::saturation(double s) {
  grey = s * grey + (1 - s) * (own + grey);
  mean_grey = s * mean_grey + (1 - s) * (mean + mean_grey);
  own *= s;
  mean *= s;
}

bool ColourMap::is_identity() const { return own == 1 && grey == 0 && mean == 0 && mean_grey == 0 && constant == 0; }

void draw_colour(const RandomContrast& params, Random& random, ColourMap& map) {
  map.contrast(random.uniform(1 - params.factor, 1 + params.factor));
}
void draw_colour(const RandomBrightness& params, Random& random, ColourMap& map) {
  map.brightness(255 * random.uniform(-params.factor, params.factor));
}
void draw_colour(const RandomSaturation& params, Random& random, ColourMap& map) {
  map.saturation(random.uniform(1 - params.factor, 1 + params.factor));
}
void draw_colour(const RandomGrayscale& params, Random& random, ColourMap& map) {
  if (random.uniform() < params.p) map.saturation(0);
}

ColourMap grey_map(const ColourMap& map) { return {map.own + map.grey, 0, map.mean + map.mean_grey, 0, map.constant}; }

at::Tensor apply_colour(const at::Tensor& pixels, const std::vector<ColourMap>& given) {
  std::vector<ColourMap> maps = given;
  if (pixels.size(1) == 1) std::transform(maps.begin(), maps.end(), maps.begin(), grey_map);
  bool all_identity = true;
  for (const auto& map : maps) all_identity &= map.is_identity();
  if (all_identity) return pixels;
  // Products and sums are separate operations, so that every one is rounded alike in a vector and in its
  // tail.
  const auto own = member(maps, &ColourMap::own, 1, pixels);
  const auto grey = member(maps, &ColourMap::grey, 0, pixels);
  auto out = own.defined() ? pixels * own : pixels.clone();
  if (grey.defined()) out.add_(luma(pixels) * grey);
  const auto added = addend(pixels, maps);
  if (added.defined()) out.add_(added);
  return out.clamp_(0, 255);
}

at::Tensor shift_hue(const at::Tensor& pixels, const std::vector<double>& turns) {
  bool none = true;
  for (double t : turns) none &= t == 0;
  if (none) return pixels;
  const auto r = pixels.narrow(1, 0, 1), g = pixels.narrow(1, 1, 1), b = pixels.narrow(1, 2, 1);
  const auto value = pixels.amax(1, true), chroma = value - pixels.amin(1, true);
  const auto divisor = chroma.clamp_min(1e-6);
  // The hue in sixths of a turn, measured from the channel that is largest.
  const auto hue =
      at::where(r == value, (g - b) / divisor, at::where(g == value, (b - r) / divisor + 2, (r - g) / divisor + 4));
  const auto shift = per_row(turns, pixels);
  const auto turned = hue + shift * 6;
  std::vector<at::Tensor> channels;
  for (double offset : {5.0, 3.0, 1.0}) {  // f(n) = V - C * max(0, min(k, 4 - k, 1)), k = (n + 6H) mod 6
    const auto k = at::remainder(turned + offset, 6);
    channels.push_back(value - chroma * at::minimum(k, 4 - k).clamp_(0, 1));
  }
  return at::where(shift == 0, pixels, at::cat(channels, 1).clamp_(0, 255));
}

}  // namespace cvtool
