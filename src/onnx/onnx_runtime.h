// ONNX Runtime, whose shared library is opened while the program runs: the program is built without it.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

namespace cvtool {

// What the environment variable CVTOOL_ONNXRUNTIME names: a file libonnxruntime.so, or the name of a library that the
// system finds; "": nothing, and ONNX files are run by cvtool's interpreter.
std::string onnx_runtime_library();

class OnnxRuntime {
 public:
  // Prepares a graph (the bytes of an ONNX file with one float32 input and output) to be run by one thread a call.
  // Throws UsageError naming the variable where the library cannot be opened or is another one, Error where it refuses
  // the graph.
  OnnxRuntime(const std::string& library, const std::string& bytes);
  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  // `images` f32 -> [N,units] f32. From any number of threads at once. Throws Error with the library's reason.
  at::Tensor run(const at::Tensor& images, int64_t units) const;

  // "1.18.0"
  std::string version() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
