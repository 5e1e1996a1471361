// ONNX from TorchScript: what cvtool compiled, or what Python traced or scripted.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "base/fields.h"
#include "onnx/onnx_model.h"

namespace cvtool {

// The graph of `module`'s forward, frozen and inlined, in an opset of kOnnxOpsets: float32 input "images"
// [batch,3,H,W], one output named `output`. `example` [3,3,H,W] f32 is run through it to learn the shapes; H and W are
// fixed from then on. Throws Error naming an operation that cannot be written.
OnnxModel onnx_from_torchscript(const torch::jit::Module& module, const at::Tensor& example, const std::string& output,
                                int64_t opset = kOnnxOpsets[0].number);

// The names of the operations that can be written, sorted; each in place too.
std::vector<std::string> onnx_operations();

}  // namespace cvtool
