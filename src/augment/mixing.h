// MixUp (Zhang et al., arXiv 1710.09412) and CutMix (Yun et al., arXiv 1905.04899).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "augment/filters.h"

namespace cvtool {

// A draw from Beta(alpha, alpha), by Marsaglia and Tsang's gamma draws (ACM TOMS 26, 2000). 1 where alpha is
// 0.
double draw_beta(double alpha, Random& random);

struct CutMixDraw {
  Box box;              // what is pasted from the partner
  double fraction = 1;  // of the picture that remains its own, from the area really pasted
};
CutMixDraw draw_cutmix(const CutMix& params, Random& random, ImageSize in);

// Row i mixed with row i of `partner`: x * share + partner * (1 - share). Any shape [N,...] f32.
at::Tensor mix_rows(const at::Tensor& own, const at::Tensor& partner, const std::vector<double>& fractions);

// Row i with its box taken from row i of `partner`. [N,C,H,W].
at::Tensor paste_boxes(const at::Tensor& own, const at::Tensor& partner, const std::vector<Box>& boxes);

}  // namespace cvtool
