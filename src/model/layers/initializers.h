// Initial weights, as Keras draws them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cvtool {

struct Fans {
  int64_t in = 1;
  int64_t out = 1;
};

// glorot_uniform: U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). f32, CPU; a function of
// (seed, path) alone.
at::Tensor glorot_uniform(at::IntArrayRef shape, Fans fans, uint64_t seed, const std::string& path);

// N(0, deviation^2). The same otherwise.
at::Tensor random_normal(at::IntArrayRef shape, double deviation, uint64_t seed, const std::string& path);

}  // namespace cvtool
