// The reference values of golden/keras_golden.json: made with Keras 3.16 (torch backend) in float32.
#pragma once

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace cvtool {

inline const Json& keras_golden() {
  static const Json golden = json_from_file(CVTOOL_TESTS_FOLDER "/golden/keras_golden.json");
  return golden;
}

// Nested lists of numbers -> f32 tensor.
inline at::Tensor tensor_from_json(const Json& json) {
  std::vector<int64_t> shape;
  for (const Json* level = &json; level->is_array(); level = &level->at(0))
    shape.push_back(static_cast<int64_t>(level->size()));
  const auto flat = json.flatten();
  std::vector<float> values;
  for (const auto& [unused, value] : flat.items()) values.push_back(value.get<float>());
  return at::tensor(values, at::kFloat).reshape(shape);
}

// Keras's [N,H,W,C] -> [N,C,H,W].
inline at::Tensor nchw(const at::Tensor& nhwc) { return nhwc.permute({0, 3, 1, 2}).contiguous(); }

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return a.numel() == 0 ? 0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace cvtool
