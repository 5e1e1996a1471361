// Nets to look into.
#pragma once

#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "model/compile.h"

namespace cvtool {

// A net of these layers in evaluation mode, its input as it is.
inline Net net_of_layers(const std::string& layers, int64_t imgsz = 32) {
  Net net = compile_net(json_from_text(R"({"preprocess": "none", "layers": [)" + layers + "]}", "test"),
                        {{imgsz, imgsz}, 2, 42});
  net.module.eval();
  return net;
}

// As it comes back from a file.
inline torch::jit::Module reloaded(const torch::jit::Module& module) {
  std::stringstream bytes;
  module.save(bytes);
  torch::jit::Module back = torch::jit::load(bytes);
  back.eval();
  return back;
}

inline at::Tensor some_pictures(int64_t count, int64_t imgsz = 32) {
  at::manual_seed(5);
  return at::randint(256, {count, 3, imgsz, imgsz}, at::kByte);
}

}  // namespace cvtool
