#include <ATen/ATen.h>

#include <algorithm>

#include "fuzz.h"
#include "onnx/classifier_graph.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"

// A graph that is read is run for one small picture, and is written and read to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes = cvtool::text_of(data, size);
  return cvtool::answered([&] {
    const cvtool::OnnxModel model = cvtool::onnx_from_bytes(bytes);
    const std::string written = cvtool::onnx_bytes(model);
    if (cvtool::onnx_bytes(cvtool::onnx_from_bytes(written)) != written) std::abort();
    cvtool::onnx_seal(bytes);
    std::vector<int64_t> shape = model.input.dims;
    for (int64_t& dim : shape) dim = std::clamp<int64_t>(dim, 1, 32);
    const at::NoGradGuard no_grad;
    const cvtool::OnnxInterpreter interpreter(model);
    interpreter.run(at::zeros(shape));
    cvtool::OnnxInterpreter(cvtool::logits_graph(model).model).run(at::zeros(shape));
  });
}
