// RandAugment (Cubuk et al., arXiv 1909.13719) with torchvision's list of operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "base/random.h"
#include "spec/augment_kinds.h"

namespace cvtool {

enum class RandOp {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize
};
constexpr int kRandOps = 14;

struct RandOpDraw {
  RandOp op = RandOp::kIdentity;
  double magnitude = 0;  // torchvision's: a slope, pixels, degrees, a change of factor, bits, a threshold
};

// One operation at strength m of 0..30.
RandOpDraw draw_rand_op(int64_t m, Random& random, ImageSize in);

// One operation a row; [N,C,H,W] f32 contiguous, 0..255. Posterize, solarize and equalize round to bytes
// first.
at::Tensor apply_rand_ops(const at::Tensor& pixels, const std::vector<RandOpDraw>& draws, const Sampling& sampling);

}  // namespace cvtool
