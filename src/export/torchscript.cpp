#include "export/torchscript.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "model/model_info.h"
#include "model/stages.h"

namespace cvtool {
namespace {

at::Tensor golden_probabilities(const ModelFile& model) {
  return at::tensor(model.info.at("golden").at("probabilities").get<std::vector<double>>(), at::kFloat)
      .reshape({1, -1});
}

void add_attributes(torch::jit::Module& module, const ModelFile& model) {
  c10::List<std::string> classes;
  for (const std::string& name : model_classes(model.info)) classes.push_back(name);
  module.register_attribute("classes", c10::ListType::create(c10::StringType::get()), classes);
  module.register_attribute("golden_picture", c10::TensorType::get(), model.golden);
  module.register_attribute("golden_probabilities", c10::TensorType::get(), golden_probabilities(model));
}

// Below this a tensor is not worth it, and biases are more delicate.
constexpr int64_t kSmallest = 64;

struct Compacted {
  at::Tensor values, scale;  // scale: undefined, or [rows,1,...]
};

Compacted compacted(const at::Tensor& weight, const std::string& precision) {
  if (precision == "bf16") return {weight.to(at::kBFloat16), {}};
  if (precision == "fp16") return {weight.to(at::kHalf), {}};
  const at::Tensor rows = weight.reshape({weight.size(0), -1});
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape[0] = weight.size(0);
  const at::Tensor scale = (rows.abs().amax({1}) / 127).clamp_min(1e-12).reshape(shape);
  return {(weight / scale).round().clamp(-127, 127).to(at::kChar), scale};
}

class Compactor {
 public:
  explicit Compactor(const std::string& precision) : precision_(precision) {}

  void rewrite(torch::jit::Block& block, torch::jit::Graph& graph) {
    std::vector<torch::jit::Node*> weights;
    for (torch::jit::Node* node : block.nodes()) {
      for (torch::jit::Block* inner : node->blocks()) rewrite(*inner, graph);
      if (node->kind() == c10::prim::Constant && is_weight(torch::jit::toIValue(node->output())))
        weights.push_back(node);
    }
    for (torch::jit::Node* node : weights) replace(*node, graph);
  }

 private:
  static bool is_weight(const c10::optional<c10::IValue>& value) {
    if (!value || !value->isTensor()) return false;
    const at::Tensor& tensor = value->toTensor();
    return tensor.defined() && tensor.scalar_type() == at::kFloat && tensor.dim() >= 2 && tensor.numel() >= kSmallest;
  }

  void replace(torch::jit::Node& node, torch::jit::Graph& graph) {
    const at::Tensor weight = torch::jit::toIValue(node.output())->toTensor();
    // Methods share their weights; so do the compact ones.
    const auto [entry, is_new] = done_.try_emplace(weight.unsafeGetTensorImpl());
    if (is_new) entry->second = compacted(weight, precision_);
    const torch::jit::WithInsertPoint here(&node);
    torch::jit::Value* value = graph.insertConstant(entry->second.values);
    value = graph.insert(c10::aten::to, {value, at::kFloat});
    if (entry->second.scale.defined())
      value = graph.insert(c10::aten::mul, {value, graph.insertConstant(entry->second.scale)});
    node.output()->replaceAllUsesWith(value);
    node.destroy();
  }

  const std::string& precision_;
  std::unordered_map<const at::TensorImpl*, Compacted> done_;
};

// A type goes by its number here (c10::ScalarType: 6 is float32, 4 int64): code that is compiled from C++ has no
// torch.float32.

// What part of an axis is used: [length, offset]; see axis_of in data/resize.cpp.
constexpr const char* kStretch = "    length = size\n    offset = 0\n";
constexpr const char* kFitted =
    "    aspect = torch.full([1], float(other), dtype=6) * float(target) / float(other_target)\n"
    "    fitted = max(1, int(aspect.item()))\n";
constexpr const char* kCrop = "    length = min(size, fitted)\n    offset = (size - length) // 2\n";
constexpr const char* kPad = "    length = max(size, fitted)\n    offset = -((length - size) // 2)\n";

// The pixels at `index`; black where the photo is padded.
constexpr const char* kTake =
    "def take(self, x, index, dim: int, length: int, offset: int):\n"
    "    at = index.clamp(0, length - 1).to(4) + offset\n"
    "    inside = torch.logical_and(at >= 0, at < x.size(dim)).to(x)\n"
    "    y = x.index_select(dim, at.clamp(0, x.size(dim) - 1))\n"
    "    return y * (inside.reshape([-1, 1]) if dim == 2 else inside)\n";

constexpr const char* kNearest = "    return self.take(x, torch.floor((steps + 0.5) * scale), dim, length, offset)\n";
constexpr const char* kBilinear =
    "    at = (steps + 0.5) * scale - 0.5\n"
    "    low = torch.floor(at)\n"
    "    share = at - low\n"
    "    if dim == 2:\n"
    "        share = share.reshape([-1, 1])\n"
    "    a = self.take(x, low, dim, length, offset)\n"
    "    b = self.take(x, torch.ceil(at), dim, length, offset)\n"
    "    return a + (b - a) * share\n";

// To the whole numbers that cvtool keeps.
std::string rounding(int64_t steps_of_byte) {
  if (steps_of_byte == 1) return "    x = torch.floor(x + 0.5)\n";
  const std::string steps = std::to_string(steps_of_byte) + ".0";
  return "    x = torch.floor(x * " + steps + " + 0.5) / " + steps + "\n";
}

std::string axis_method(const ResizeRule& rule) {
  std::string body =
      "def resize_axis(self, x, dim: int, target: int, other: int, other_target: int):\n    size = x.size(dim)\n";
  if (rule.resize == "stretch")
    body += kStretch;
  else
    body += std::string(kFitted) + (rule.resize == "crop" ? kCrop : kPad);
  body +=
      "    steps = torch.arange(target, dtype=6, device=x.device)\n"
      "    scale = torch.full([1], float(length), dtype=6, device=x.device) / float(target)\n";
  return body + (rule.interpolation == "nearest" ? kNearest : kBilinear);
}

}  // namespace

ModelFile frozen_for_export(const ModelFile& model, const TorchscriptOptions& options) {
  ModelFile out = model;
  out.module = options.with_resize ? with_resize_inside(model.module.deepcopy(), resize_rule(model.info))
                                   : model.module.deepcopy();
  add_attributes(out.module, model);
  std::vector<std::string> methods = classifier_methods(out.module), kept = methods;
  for (const char* attribute : {"classes", "golden_picture", "golden_probabilities"}) kept.emplace_back(attribute);
  out.module = frozen_module(out.module, kept);
  methods.emplace_back("forward");
  compact_weights(out.module, options.precision, methods);
  // Weights in fewer bits say other things than what was fitted and calibrated.
  if (options.precision != "fp32") out.info = without_limits(std::move(out.info));
  out.info["export"] = {{"precision", options.precision}, {"resize_inside", options.with_resize}};
  add_golden_sample(out, model.golden);
  out.module.setattr("golden_probabilities", golden_probabilities(out));  // of the compacted weights
  return out;
}

void compact_weights(torch::jit::Module& frozen, const std::string& precision,
                     const std::vector<std::string>& methods) {
  if (precision == "fp32") return;
  Compactor compactor(precision);
  for (const std::string& method : methods) {
    const auto graph = frozen.get_method(method).graph();
    compactor.rewrite(*graph->block(), *graph);
  }
}

ResizeRule resize_rule(const Json& info) {
  const Json& data = info.at("recipe").at("data");
  ResizeRule rule;
  JsonReader reader(info, "");
  reader("imgsz", rule.size, Doc("").range(1, 1 << 16));
  if (data.contains("imgsz") && data["imgsz"] != info["imgsz"])
    throw UsageError("--with-resize: the model was trained behind random_crop, which cannot be put inside a model");
  rule.resize = data.value("resize", "stretch");
  rule.interpolation = data.value("interpolation", "bilinear");
  if (pixel_format(info).depth == 16) rule.steps_of_byte = 65535 / 255;
  return rule;
}

torch::jit::Module with_resize_inside(const torch::jit::Module& classifier, const ResizeRule& rule) {
  if (rule.interpolation != "nearest" && rule.interpolation != "bilinear")
    throw UsageError("--with-resize: the model was trained with the interpolation '" + rule.interpolation +
                     "'; only nearest and bilinear can be put inside a model");
  torch::jit::Module module(c10::QualifiedName("__torch__.cvtool.ResizingClassifier"),
                            std::make_shared<torch::jit::CompilationUnit>(), true);
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_module("classifier", classifier);
  module.define(kTake);
  module.define(axis_method(rule));
  const std::string height = std::to_string(rule.size.height), width = std::to_string(rule.size.width);
  const std::string resize =
      "    h = x.size(2)\n    w = x.size(3)\n    x = x.to(6)\n"
      "    x = self.resize_axis(x, 3, " +
      width + ", h, " + height +
      ")\n"
      "    x = self.resize_axis(x, 2, " +
      height + ", w, " + width + ")\n" + rounding(rule.steps_of_byte);
  module.define("def forward(self, x):\n" + resize + "    return self.classifier.forward(x)\n");
  module.define("def logits(self, x):\n" + resize + "    return self.classifier.logits(x)\n");
  module.define("def probabilities(self, z):\n    return self.classifier.probabilities(z)\n");
  if (classifier.find_method("sigmoids"))
    module.define("def sigmoids(self, x):\n" + resize + "    return self.classifier.sigmoids(x)\n");
  return module;
}

}  // namespace cvtool
