// An exported ONNX file as a model.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <functional>

#include "base/error.h"
#include "export/onnx/export.h"
#include "export/small_model.h"
#include "model/archive.h"
#include "model/predictor.h"
#include "onnx/onnx_seal.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::string written(const Scratch& scratch, const ModelFile& model, const OnnxOptions& options = {}) {
  OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16}, options);
  std::vector<WideValue> wide;
  if (options.precision == "int8") onnx = quantized(onnx, small_pictures(4, 16));
  if (options.precision == "fp16") onnx = halved(onnx, small_pictures(4, 16), wide);
  if (options.resize_inside) onnx = with_resize_inside(onnx, resize_rule(model.info));
  add_onnx_digest(onnx);
  return scratch.write(options.precision + std::to_string(options.opset) + ".onnx", onnx_bytes(onnx));
}

Prediction predicted(const ModelFile& model) {
  return Predictor(model.module, at::kCPU, at::kFloat).run(small_pictures(5, 9));
}

// A classifier of two classes with one unit.
ModelFile one_unit_model() {
  const Json spec = json_from_text(
      R"({"layers": [{"kind": "conv2d", "filters": 4}, {"kind": "flatten"}, {"kind": "dense", "units": 1, "activation": "sigmoid"}]})",
      "test");
  ModelFile model;
  model.module = compile_net(spec, {{16, 16}, 2, 7}).module;
  model.module.eval();
  model.info = {{"format", kModelFormat},
                {"classes", {"no", "yes"}},
                {"imgsz", 16},
                {"recipe", {{"name", "one"}, {"data", {{"imgsz", 16}}}, {"model", spec}}}};
  add_golden_sample(model, small_pictures(2, 1));
  return model;
}

}  // namespace

TEST_CASE("An exported ONNX file is read as a model that gives the probabilities and logits of the net") {
  const Scratch scratch;
  for (const ModelFile& model : {small_model(), one_unit_model()}) {
    const at::Tensor pictures = small_pictures(5, 9), own = forward(model.module, pictures);
    torch::jit::Module module = model.module;
    const at::Tensor logits = module.get_method("logits")({pictures}).toTensor();
    for (const OnnxOptions& options :
         std::vector<OnnxOptions>{{13, "fp32", false}, {20, "fp32", true}, {17, "fp16", false}, {18, "int8", true}}) {
      CAPTURE(options.precision);
      const std::string path = written(scratch, model, options);
      const ModelFile read = load_model(path);
      CHECK((read.form == ModelForm::kOnnx));
      CHECK_FALSE(read.has_net());
      CHECK(model_classes(read.info) == model_classes(model.info));
      CHECK(read.info["export"]["precision"] == options.precision);
      CHECK(read.digest == stored_digest(path));
      CHECK(is_model_file(path));
      const Prediction p = predicted(read);
      const double tolerance = options.precision == "fp32" ? 1e-5 : 0.05;
      CHECK(difference(p.probabilities, own) < tolerance);
      CHECK(difference(p.logits, logits) < 20 * tolerance);
    }
  }
}

TEST_CASE("What an ONNX model says of a photo does not depend on the photos beside it, nor on its copies") {
  const Scratch scratch;
  const ModelFile model = load_model(written(scratch, small_model(), {17, "fp16", false}));
  const Predictor predictor(model.module.deepcopy(), at::kCPU, at::kFloat);
  const at::Tensor photos = small_pictures(5, 9), all = predictor.run(photos).probabilities;
  for (int64_t i = 0; i < 9; ++i) CHECK(at::equal(all[i], predictor.run(photos.narrow(0, i, 1)).probabilities[0]));
}

TEST_CASE("Nothing but asking can be done with an ONNX model, and a sentence says so") {
  const Scratch scratch;
  const ModelFile model = load_model(written(scratch, small_model()));
  CHECK(contains(message_of([&] { require_net("a.onnx", model, "trained on"); }),
                 "a.onnx: is an ONNX file, so it cannot be trained on"));
  CHECK(contains(message_of([&] { save_model(scratch / "b.onnx", model); }), "cannot be written again"));
  require_net("a.pt", small_model(), "trained on");
}

TEST_CASE("ONNX files that were changed, cut or come from elsewhere are refused by name") {
  const Scratch scratch;
  const ModelFile model = small_model();
  const std::string bytes = content_of(written(scratch, model));
  const auto refused = [&](const std::string& content) {
    return message_of([&] { load_model(scratch.write("other.onnx", content)); });
  };
  std::string changed = bytes;
  changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 1);
  CHECK(contains(refused(changed), "other.onnx: was changed after it was written"));
  CHECK(contains(refused(bytes.substr(0, bytes.size() - 30)), "other.onnx: "));
  OnnxModel foreign = onnx_from_bytes(bytes);
  foreign.metadata.clear();
  CHECK(contains(refused(onnx_bytes(foreign)), "but not of a cvtool model"));
  OnnxModel base = onnx_of_model(model.module, nullptr, {16, 16});
  add_onnx_digest(base);
  CHECK(contains(refused(onnx_bytes(base)), "but not of a cvtool model"));
  // A whole file whose graph cannot be run, or is no classifier's.
  const auto resealed = [&](const std::function<void(OnnxModel&)>& change) {
    OnnxModel onnx = onnx_from_bytes(bytes);
    onnx.metadata.pop_back();
    change(onnx);
    onnx.metadata.emplace_back(kOnnxDigest, onnx_seal(onnx_bytes(onnx)).computed);
    return refused(onnx_bytes(onnx));
  };
  CHECK(contains(resealed([](OnnxModel& onnx) { onnx.nodes[0].op = "Loop"; }), "the operation 'Loop'"));
  CHECK(contains(resealed([](OnnxModel& onnx) { onnx.output.name = onnx.nodes[0].outputs[0]; }),
                 "does not end in the probabilities"));
  for (const char* key : {"golden_picture", "golden_probabilities", "cvtool.json"})
    CHECK(contains(resealed([&](OnnxModel& onnx) {
                     for (auto& [name, value] : onnx.metadata)
                       if (name == key) value = "[1]";
                   }),
                   "other.onnx: "));
  // Other probabilities than the graph's.
  CHECK(contains(resealed([](OnnxModel& onnx) {
                   for (auto& [name, value] : onnx.metadata)
                     if (name == "golden_probabilities") value = "[1,0,0]";
                 }),
                 "does not reproduce its golden sample"));
}
