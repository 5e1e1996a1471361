#include "export/torchscript.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "export/compact.h"
#include "export/resize_inside.h"
#include "model/freeze.h"

namespace cvtool {
namespace {

const std::vector<std::string> kMethods{"forward", "logits", "probabilities"};

ResizeRule rule_of(const Json& info) {
  const Json& data = info.at("recipe").at("data");
  ResizeRule rule;
  JsonReader reader(info, "");
  reader("imgsz", rule.size, Doc("").range(1, 1 << 16));
  if (data.contains("imgsz") && data["imgsz"] != info["imgsz"])
    throw UsageError("--with-resize: the model was trained behind random_crop, which cannot be put inside a model");
  rule.resize = data.value("resize", "stretch");
  rule.interpolation = data.value("interpolation", "bilinear");
  return rule;
}

at::Tensor golden_probabilities(const ModelFile& model) {
  return at::tensor(model.info.at("golden").at("probabilities").get<std::vector<double>>(), at::kFloat)
      .reshape({1, -1});
}

void add_attributes(torch::jit::Module& module, const ModelFile& model) {
  c10::List<std::string> classes;
  for (const std::string& name : model_classes(model)) classes.push_back(name);
  module.register_attribute("classes", c10::ListType::create(c10::StringType::get()), classes);
  module.register_attribute("golden_picture", c10::TensorType::get(), model.golden);
  module.register_attribute("golden_probabilities", c10::TensorType::get(), golden_probabilities(model));
}

}  // namespace

ModelFile frozen_for_export(const ModelFile& model, const TorchscriptOptions& options) {
  ModelFile out = model;
  out.module =
      options.with_resize ? with_resize_inside(model.module.deepcopy(), rule_of(model.info)) : model.module.deepcopy();
  add_attributes(out.module, model);
  out.module =
      frozen_module(out.module, {"logits", "probabilities", "classes", "golden_picture", "golden_probabilities"});
  compact_weights(out.module, options.precision, kMethods);
  out.info["export"] = {{"precision", options.precision}, {"resize_inside", options.with_resize}};
  add_golden_sample(out, model.golden);
  out.module.setattr("golden_probabilities", golden_probabilities(out));  // of the compacted weights
  return out;
}

}  // namespace cvtool
