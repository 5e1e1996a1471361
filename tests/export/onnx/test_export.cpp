#include "export/onnx/export.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "export/onnx/verify.h"
#include "export/small_model.h"
#include "model/layer.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"
#include "scratch.h"
#include "spec/layer_fields.h"

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

// A classifier of 16x16 pixels with `layers`, whose output becomes logits of three classes.
ModelFile classifier_of(Json layers) {
  layers.push_back({{"kind", "flatten"}});
  layers.push_back({{"kind", "dense"}});
  const Json spec{{"layers", layers}};
  ModelFile model;
  model.module = compile_net(spec, {{16, 16}, 3, 7}).module;
  model.module.eval();
  model.info = {{"format", kModelFormat},
                {"classes", {"a", "b", "c"}},
                {"imgsz", 16},
                {"recipe", {{"name", "one"}, {"data", Json::object()}, {"model", spec}}}};
  add_golden_sample(model, small_pictures(2, 1));
  return model;
}

void check_in_onnx(const ModelFile& model, bool by_opencv = true) {
  const OnnxModel onnx = sealed(model);
  const at::Tensor x = small_pictures(3, 8);
  for (const OnnxCheck& check : check_onnx(onnx_bytes(onnx), x.to(at::kFloat), forward(model.module, x)).checks) {
    CAPTURE(check.reader);
    if (!by_opencv && starts_with(check.reader, "OpenCV")) continue;
    CHECK(check.refused.empty());
    CHECK(check.difference < 1e-5);
  }
  const OnnxSeal seal = onnx_seal(onnx_bytes(onnx));
  CHECK(seal.whole);
  CHECK(seal.stored == seal.computed);
  CHECK(onnx_golden_difference(onnx) < 1e-5);
}

}  // namespace

TEST_CASE("A net with any kind of layer is written to ONNX and gives the same there") {
  const std::map<std::string, Json> keys{{"conv2d", {{"filters", 5}, {"padding", "same"}, {"strides", 2}}},
                                         {"dense", {{"units", 7}, {"activation", "tanh"}}},
                                         {"multi_head_attention", {{"heads", 2}}},
                                         {"squeeze_excite", {{"filters", 3}}}};
  const std::set<std::string> of_tokens{"class_token", "multi_head_attention"};
  // OpenCV 4.6 reads no layer norm, nor what tokens are made of.
  const std::set<std::string> not_by_opencv{"class_token", "layer_norm", "multi_head_attention", "tokens"};
  for (const LayerKind& kind : layer_kinds()) {
    const std::string name = kind.name;
    CAPTURE(name);
    Json layer{{"kind", name}};
    if (const auto found = keys.find(name); found != keys.end()) layer.update(found->second);
    Json layers{{{"kind", "conv2d"}, {"filters", 4}}};
    if (name == "dense") layers.push_back({{"kind", "flatten"}});
    if (of_tokens.count(name) > 0) layers.push_back({{"kind", "tokens"}});
    layers.push_back(layer);
    if (name == "multi_head_attention" || name == "tokens") layers.push_back({{"kind", "class_token"}});
    check_in_onnx(classifier_of(layers), not_by_opencv.count(name) == 0);
  }
}

TEST_CASE("Every activation, and what is made of layers, is written to ONNX and gives the same there") {
  for (const std::string& name : activation_names()) {
    CAPTURE(name);
    check_in_onnx(classifier_of(
        {{{"kind", "conv2d"}, {"filters", 4}, {"activation", name}}, {{"kind", "activation"}, {"function", name}}}));
  }
  const Json conv{{"kind", "conv2d"}, {"filters", 3}, {"padding", "same"}};
  check_in_onnx(classifier_of({conv, {{"kind", "residual"}, {"layers", {conv}}, {"activation", "relu"}}}));
  check_in_onnx(classifier_of({{{"kind", "branches"}, {"branches", {{conv}, {conv, conv}}}}}));
}

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
