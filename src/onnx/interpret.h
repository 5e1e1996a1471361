// An ONNX graph, run operation by operation from the bytes of its file: the reader that checks what was written, and
// that measures ranges for int8.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <unordered_map>

#include "onnx/onnx_model.h"

namespace cvtool {

class OnnxInterpreter {
 public:
  // Throws Error with the reason (not the path): an operation that it does not know or with other inputs or attributes
  // than it takes, a value that nothing computes, that is read too early or is there twice, a constant of a wrong
  // length.
  explicit OnnxInterpreter(OnnxModel model);

  // Called with each value as it is computed.
  using Watch = std::function<void(const std::string& name, const at::Tensor& value)>;
  // The graph's output for pictures [N,C,H,W] f32. Throws Error naming an operation that cannot be done with the values
  // that it is given, or that would take more memory or time than a net's can.
  at::Tensor run(const at::Tensor& images, const Watch& watch = {}) const;

 private:
  OnnxModel model_;
  std::unordered_map<std::string, at::Tensor> constants_;
  std::unordered_map<std::string, size_t> last_reader_;  // index of a value's last node, after which it is let go
};

}  // namespace cvtool
