#include "export/onnx/export.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "export/onnx/interpret.h"
#include "export/onnx/verify.h"
#include "export/small_model.h"
#include "scratch.h"

using namespace cvtool;

namespace {

OnnxModel sealed(const ModelFile& model) {
  OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16});
  add_onnx_digest(onnx);
  return onnx;
}

int64_t count_of(const OnnxModel& model, const std::string& op) {
  return std::count_if(model.nodes.begin(), model.nodes.end(), [&](const OnnxNode& node) { return node.op == op; });
}

}  // namespace

TEST_CASE("A classifier in ONNX takes pixels, gives probabilities and says what it is") {
  const ModelFile model = small_model();
  const std::string bytes = onnx_bytes(sealed(model));
  const at::Tensor x = small_pictures(3, 9);
  for (const OnnxCheck& check : check_onnx(bytes, x.to(at::kFloat), forward(model.module, x)).checks) {
    CAPTURE(check.reader);
    CHECK(check.refused.empty());
    CHECK(check.difference < 1e-5);
  }
  const OnnxModel back = onnx_from_bytes(bytes);
  CHECK(back.input.dims == std::vector<int64_t>{-1, 3, 16, 16});
  CHECK(back.output.dims == std::vector<int64_t>{-1, 3});
  CHECK(Json::parse(onnx_metadata(back, "classes")) == model.info["classes"]);
  CHECK(onnx_golden_difference(back) < 1e-5);
}

TEST_CASE("The seal shows every changed byte") {
  const std::string bytes = onnx_bytes(sealed(small_model()));
  const OnnxSeal seal = onnx_seal(bytes);
  CHECK(seal.whole);
  CHECK(seal.stored == seal.computed);
  for (size_t place = 0; place < bytes.size(); place += 97) {
    std::string changed = bytes;
    changed[place] = static_cast<char>(changed[place] ^ 4);
    CAPTURE(place);
    try {
      const OnnxSeal broken = onnx_seal(changed);
      CHECK((!broken.whole || broken.stored != broken.computed));
    } catch (const std::exception&) {
      continue;  // no longer readable, which shows it too
    }
  }
}

TEST_CASE(
    "int8: convolutions and products in integers, a channel's scale its largest weight / 127, probabilities close") {
  const ModelFile model = small_model();
  const OnnxModel fp32 = onnx_of_model(model.module, &model, {16, 16});
  const OnnxModel int8 = quantized(fp32, small_pictures(4, 32));
  CHECK(count_of(int8, "QuantizeLinear") == 3);
  CHECK(count_of(int8, "DequantizeLinear") == 9);
  const at::Tensor x = small_pictures(3, 20).to(at::kFloat);
  const at::Tensor exact = OnnxInterpreter(fp32).run(x), rounded = OnnxInterpreter(int8).run(x);
  CHECK(difference(rounded, exact) < 0.05);
  CHECK(difference(rounded, exact) > 0);
  for (const OnnxTensor& tensor : int8.constants) {
    if (tensor.type != OnnxType::kInt8 || tensor.dims.size() < 2) continue;
    const at::Tensor values = at::from_blob(const_cast<char*>(tensor.bytes.data()), tensor.dims, at::kChar);
    CHECK(values.flatten(1).to(at::kFloat).abs().amax({1}).eq(127).all().item<bool>());
  }
  // The weights' bytes shrink to a quarter.
  CHECK(onnx_bytes(int8).size() < onnx_bytes(fp32).size());
}

TEST_CASE("The relative difference is 1 where results are of another shape or not finite") {
  const at::Tensor a = at::tensor({1.0, -4.0}), b = at::tensor({1.5, -4.0});
  CHECK(relative_difference(b, a) == doctest::Approx(0.125));
  CHECK(relative_difference(a.reshape({1, 2}), a) == 1);
  CHECK(relative_difference(at::log(a), a) == 1);
}
