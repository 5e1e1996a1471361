#include "export/pictures.h"

#include <ATen/ATen.h>

#include "base/random.h"

namespace cvtool {

at::Tensor drawn_pictures(int64_t count, int64_t height, int64_t width, int64_t channels) {
  at::Tensor coarse = at::empty({count, channels, 8, 8}, at::kFloat);
  Random random(0, "export");
  for (int64_t i = 0; i < coarse.numel(); ++i) coarse.data_ptr<float>()[i] = static_cast<float>(random.uniform(0, 255));
  return at::upsample_bilinear2d(coarse, {height, width}, false).round().to(at::kByte);
}

}  // namespace cvtool
