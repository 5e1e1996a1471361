// Pictures to compare two models on.
#pragma once

#include <ATen/core/Tensor.h>

namespace cvtool {

// `count` smooth random pictures [count,channels,H,W] u8: coarse noise, enlarged. The same for the same size.
at::Tensor drawn_pictures(int64_t count, int64_t height, int64_t width, int64_t channels = 3);

}  // namespace cvtool
