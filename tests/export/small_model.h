// A small classifier with everything that an exported file must keep.
#pragma once

#include <ATen/ATen.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "model/compile.h"
#include "model/model_file.h"

namespace cvtool {

// [N,3,16,16] u8
inline at::Tensor small_pictures(uint64_t seed, int64_t count) {
  at::manual_seed(seed);
  return at::randint(256, {count, 3, 16, 16}, at::kByte);
}

inline ModelFile small_model(Json data = Json::object()) {
  if (!data.contains("imgsz")) data["imgsz"] = 16;
  const Json spec = json_from_text(R"({"layers": [
      {"kind": "conv2d", "filters": 8, "activation": "relu6"}, {"kind": "batch_norm"}, {"kind": "max_pool2d"}, {"kind": "dropout"},
      {"kind": "conv2d", "filters": 12, "padding": "same", "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense"}]})",
                                   "test");
  const Net net = compile_net(spec, {{16, 16}, 3, 7});
  torch::jit::Module module = net.module;
  {
    // Statistics that are not at their start.
    const at::NoGradGuard no_grad;
    module.train();
    module.forward({small_pictures(1, 16)});
    module.eval();
  }
  ModelFile model;
  model.module = module;
  model.info = {{"format", kModelFormat},
                {"classes", {"cat", "dog", "o\"ther"}},
                {"imgsz", 16},
                {"recipe", {{"name", "small"}, {"data", data}, {"model", spec}}}};
  add_golden_sample(model, small_pictures(2, 1));
  return model;
}

inline at::Tensor forward(torch::jit::Module module, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return module.forward({x}).toTensor();
}

inline double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace cvtool
