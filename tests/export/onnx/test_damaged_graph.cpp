// Graphs that were damaged after they were written.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <random>

#include "base/error.h"
#include "export/onnx/export.h"
#include "export/small_model.h"
#include "onnx/interpret.h"

using namespace cvtool;

TEST_CASE("A graph with a flipped, lost or added byte, its seal left out of account, gives values or an Error") {
  const ModelFile model = small_model();
  std::mt19937 random(5);
  std::vector<WideValue> wide;
  for (const std::string kind : {"fp32", "int8", "fp16", "resize"}) {
    CAPTURE(kind);
    OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16}, {18});
    onnx.metadata.clear();
    if (kind == "int8") onnx = quantized(onnx, small_pictures(4, 8));
    if (kind == "fp16") onnx = halved(onnx, small_pictures(4, 8), wide);
    if (kind == "resize") onnx = with_resize_inside(onnx, resize_rule(model.info));
    const std::string bytes = onnx_bytes(onnx);
    const at::Tensor x = small_pictures(3, 1).to(at::kFloat);
    int values = 0, refused = 0;
    for (int i = 0; i < 1000; ++i) {
      std::string changed = bytes;
      const size_t at = random() % changed.size();
      if (i % 3 < 2) changed[at] = static_cast<char>(changed[at] ^ 1 << random() % 8);
      if (i % 3 == 2 && i % 2 == 0) changed.erase(at, 1 + random() % 4);
      if (i % 3 == 2 && i % 2 == 1) changed.insert(at, 1 + random() % 4, static_cast<char>(random()));
      CAPTURE(i);
      try {
        OnnxInterpreter(onnx_from_bytes(changed)).run(x);
        ++values;
      } catch (const Error&) {
        ++refused;
      }
    }
    CHECK(values > 100);
    CHECK(refused > 100);
  }
}
