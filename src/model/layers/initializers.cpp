#include "model/layers/initializers.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/random.h"

namespace cvtool {

at::Tensor glorot_uniform(at::IntArrayRef shape, Fans fans, uint64_t seed, const std::string& path) {
  at::Tensor weights = at::empty(shape, at::kFloat);
  const double limit = std::sqrt(6.0 / static_cast<double>(fans.in + fans.out));
  Random random(seed, "init/" + path);
  auto* values = weights.data_ptr<float>();
  for (int64_t i = 0; i < weights.numel(); ++i)
    values[i] = static_cast<float>(((random.bits32() + 0.5) * 0x1.0p-32 * 2 - 1) * limit);
  return weights;
}

at::Tensor random_normal(at::IntArrayRef shape, double deviation, uint64_t seed, const std::string& path) {
  at::Tensor weights = at::empty(shape, at::kFloat);
  Random random(seed, "init/" + path);
  auto* values = weights.data_ptr<float>();
  for (int64_t i = 0; i < weights.numel(); ++i) values[i] = static_cast<float>(random.normal() * deviation);
  return weights;
}

}  // namespace cvtool
