// What the kinds of kinds.h do: each becomes a step of one of four sorts.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "augment/affine.h"
#include "augment/colour.h"

namespace cvtool {

// Which rows a step works on: draws are keyed by seed, step, epoch and sample id, and by nothing else.
struct DrawKeys {
  uint64_t seed = 0;
  uint64_t epoch = 0;
  std::vector<uint64_t> ids;  // one per row

  Random random(const std::string& purpose, size_t row) const { return {seed, purpose, epoch, ids[row]}; }
};

// Reads the picture through an affine map.
struct GeometryStep {
  Sampling sampling;
  bool samples = true;  // false: moves pixels and needs no Sampling
  std::function<Affine(Random&, ImageSize)> draw;
  std::function<Affine(ImageSize)> eval_transform;  // outside of training; empty: nothing
  std::function<ImageSize(ImageSize)> output_size;  // empty: that of the input
};

// Changes colours by an affine map of RGB.
struct ColourStep {
  std::function<void(Random&, ColourMap&)> draw;
};

// Anything else on one picture. pixels [N,C,H,W] f32 contiguous, 0..255 -> the same.
struct PixelStep {
  std::function<at::Tensor(const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose)> apply;
};

// Two samples become one. `share` is of the picture itself, in pixels and labels.
struct Mixture {
  at::Tensor pixels;
  std::vector<double> fractions;
};
struct MixStep {
  std::function<Mixture(const at::Tensor& own, const at::Tensor& partner, std::vector<Random> randoms)> apply;
};

struct Step {
  std::string purpose;  // "augment/<position>/<kind>": names its random draws
  std::variant<GeometryStep, ColourStep, PixelStep, MixStep> work;
};

// One entry of a resolved list as a step. Throws UsageError on an unknown kind.
Step make_step(const Json& entry, size_t position);

// The kinds that have a function, in the order of augment_kinds().
std::vector<std::string> kinds_with_function();

}  // namespace cvtool
