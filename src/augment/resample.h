// Reading pictures through affine maps, by tensor operations on the pictures' device.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "augment/affine.h"

namespace cvtool {

// pixels [N,C,H,W] u8 or f32, any memory format, one map a row -> [N,C,size.height,size.width].
// Where every map is a Move the pixels are moved and keep type and value; else the result is f32 in 0..255,
// contiguous, and rows whose map is a Move are still moved, not resampled.
//
// Fill: a coordinate beyond the border is reflected about -1/2 and n-1/2 (dcba|abcd|dcba), clamped (nearest),
// or taken modulo n (wrap), then clamped to 0..n-1 before interpolating: the rules of Keras's
// ImageProjectiveTransformV3.
at::Tensor resample(const at::Tensor& pixels, const std::vector<Affine>& maps, ImageSize size,
                    const Sampling& sampling);

// The part of `pixels` [N,C,H,W] that `move` says.
at::Tensor move_pixels(const at::Tensor& pixels, const Move& move, ImageSize size);

// f32, contiguous; the same tensor where it is so already.
at::Tensor as_float(const at::Tensor& pixels);

// One number per row as [N,1,1,1] f32 on the device of `like`.
at::Tensor per_row(const std::vector<double>& values, const at::Tensor& like);

// `change` applied to some rows (ascending) of `pixels`, the others as they are. `change` keeps shape and
// type.
at::Tensor on_rows(const at::Tensor& pixels, const std::vector<int64_t>& rows,
                   const std::function<at::Tensor(const at::Tensor&)>& change);

}  // namespace cvtool
