// One layer from the table, for tests.
#pragma once

#include <torch/script.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/json.h"
#include "model/layer.h"

namespace cvtool {

// The layer that `json` describes, for an input of `shape` (and, with `any_size`, of others), in evaluation mode.
inline BuiltLayer build_layer(const std::string& json, const Shape& shape, bool any_size = false) {
  const Json spec = json_from_text(json, "test");
  LayerContext context;
  context.unit = std::make_shared<torch::jit::CompilationUnit>();
  context.input = shape;
  context.path = "head/layer";
  context.place = "layer: ";
  context.seed = 1;
  context.classes = 2;
  context.any_size = any_size;
  for (const LayerKind& kind : layer_kinds())
    if (spec["kind"] == kind.name) {
      BuiltLayer layer = kind.build(spec, context);
      layer.module.eval();
      return layer;
    }
  throw std::runtime_error("no layer kind " + spec["kind"].dump());
}

inline at::Tensor run_layer(const BuiltLayer& layer, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  torch::jit::Module module = layer.module;
  return module.forward({x}).toTensor();
}

// Overwrites a parameter or buffer.
inline void load(const BuiltLayer& layer, const std::string& name, const at::Tensor& values) {
  const at::NoGradGuard no_grad;
  at::Tensor target = layer.module.attr(name).toTensor();
  if (target.sizes() != values.sizes()) throw std::runtime_error(name + ": the shapes differ");
  target.copy_(values);
}

}  // namespace cvtool
