// Steps that look at neighbouring pixels, add noise or cover rectangles. pixels: [N,C,H,W] f32 contiguous,
// 0..255.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "base/random.h"
#include "spec/augment_kinds.h"

namespace cvtool {

// Gaussian blur of each row by its own standard deviation in pixels: taps to 3 sigma, separable, border
// dcba|abcd|dcba. Rows with 0 keep their bytes.
at::Tensor gaussian_blur(const at::Tensor& pixels, const std::vector<double>& sigmas);

// x * factor + smoothed * (1 - factor), the border of one pixel kept; smoothed by [1 1 1; 1 5 1; 1 1 1] / 13
// (Pillow's ImageEnhance.Sharpness, as torchvision has it).
at::Tensor adjust_sharpness(const at::Tensor& pixels, const std::vector<double>& factors);

// count normal draws (mean 0, standard deviation 1), f32 on the CPU: Box-Muller of 32-bit uniforms.
at::Tensor normal_draws(Random& random, int64_t count);
// count uniform draws in [0, 255], f32 on the CPU.
at::Tensor byte_draws(Random& random, int64_t count);

// A rectangle of whole pixels; empty where height or width is 0.
struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// torchvision's RandomErasing: what a picture of size `in` loses. Empty with probability 1-p.
Box draw_box(const RandomErasing& params, Random& random, ImageSize in);

// One box a row -> [N,1,H,W] bool, true inside, on the device of `like` ([N,C,H,W]).
at::Tensor box_mask(const std::vector<Box>& boxes, const at::Tensor& like);

}  // namespace cvtool
