#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "export/onnx/export.h"
#include "export/onnx/verify.h"
#include "export/small_model.h"
#include "onnx/interpret.h"

using namespace cvtool;

namespace {

int64_t halves_in(const OnnxModel& model) {
  return std::count_if(model.constants.begin(), model.constants.end(),
                       [](const OnnxTensor& tensor) { return tensor.type == OnnxType::kFloat16; });
}

}  // namespace

TEST_CASE("fp16: weights in half precision between the first convolution and the logits, probabilities close") {
  const ModelFile model = small_model();
  const OnnxModel fp32 = onnx_of_model(model.module, &model, {16, 16});
  std::vector<WideValue> wide;
  const OnnxModel fp16 = halved(fp32, small_pictures(4, 32), wide);
  CHECK(wide.empty());
  CHECK(halves_in(fp16) >= 6);
  CHECK(fp16.input.type == OnnxType::kFloat);
  CHECK(onnx_bytes(fp16).size() < onnx_bytes(fp32).size());
  const at::Tensor x = small_pictures(3, 20).to(at::kFloat);
  const at::Tensor exact = OnnxInterpreter(fp32).run(x), rounded = OnnxInterpreter(fp16).run(x);
  CHECK((rounded.scalar_type() == at::kFloat));
  CHECK(difference(rounded, exact) < 0.01);
  CHECK(difference(rounded, exact) > 0);
  // The pixels are scaled before, the probabilities made behind.
  CHECK(fp16.nodes.front().op != "Cast");
  const auto last =
      std::find_if(fp16.nodes.begin(), fp16.nodes.end(), [](const OnnxNode& node) { return node.op == "Softmax"; });
  REQUIRE(last != fp16.nodes.end());
  CHECK((last - 1)->op == "Cast");
}

TEST_CASE("An operation whose values come near the largest number of half precision stays float32 and is named") {
  const ModelFile model = small_model();
  OnnxModel fp32 = onnx_of_model(model.module, &model, {16, 16});
  // The second convolution's bias becomes as large as no half is, and the dense layer's weights as small in turn.
  const auto conv =
      std::find_if(fp32.nodes.rbegin(), fp32.nodes.rend(), [](const OnnxNode& node) { return node.op == "Conv"; });
  REQUIRE(conv != fp32.nodes.rend());
  REQUIRE(conv->inputs.size() == 3);
  for (OnnxTensor& tensor : fp32.constants) {
    if (tensor.name != conv->inputs[2]) continue;
    at::Tensor bias = at::from_blob(tensor.bytes.data(), tensor.dims, at::kFloat);
    bias.fill_(1e5);
  }
  std::vector<WideValue> wide;
  const OnnxModel fp16 = halved(fp32, small_pictures(4, 8), wide);
  REQUIRE(!wide.empty());
  CHECK(wide[0].node == conv->name);
  CHECK(wide[0].largest > 9e4);
  const at::Tensor y = OnnxInterpreter(fp16).run(small_pictures(3, 5).to(at::kFloat));
  CHECK(y.isfinite().all().item<bool>());
}
