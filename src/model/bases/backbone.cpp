#include "model/bases/backbone.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>
#include <torch/script.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/bases/backbone_file.h"
#include "model/bases/backbone_spec.h"
#include "model/torchscript_file.h"
#include "model/weights/sha256.h"
#include "torch/graph.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

int64_t count_constants(torch::jit::Graph& graph) {
  int64_t count = 0;
  for (const torch::jit::Node* node : nodes_of(*graph.block())) {
    if (node->kind() != c10::prim::Constant || !node->output()->type()->isSubtypeOf(*c10::TensorType::get())) continue;
    const auto value = torch::jit::toIValue(node->output());
    if (value && value->isTensor() && value->toTensor().is_floating_point()) count += value->toTensor().numel();
  }
  return count;
}

bool is_file_path(const std::string& text) { return text.find('/') != std::string::npos || ends_with(text, ".pt"); }

}  // namespace

int64_t count_numbers(const torch::jit::Module& module) {
  int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  for (const at::Tensor& buffer : module.buffers())
    if (buffer.is_floating_point()) count += buffer.numel();
  return count > 0 ? count : count_constants(*module.get_method("forward").graph());
}

Json preprocess_or_default(const Json& stated) { return stated.is_null() ? Json("imagenet") : stated; }

Base open_backbone(const std::string& name_or_path) {
  const std::string path = backbone_path(name_or_path);
  BackboneFile file = load_backbone(path);
  Base backbone;
  backbone.module = file.module;
  const Json stated = file.info.is_object() ? file.info.value("preprocess", Json()) : Json();
  backbone.preprocess = stated;
  if (stated.is_null()) {
    spdlog::info(
        "{} does not say how its input is scaled: imagenet (torchvision's) is taken; --preprocess says otherwise",
        path);
    backbone.preprocess = preprocess_or_default(stated);
  }
  backbone.info = {
      {"name", file.info.is_object() ? file.info.value("name", std::filesystem::path(path).stem().string()) : ""},
      {"file", path},
      {"sha256", sha256_of_file(path)},
      {"preprocess", stated},
      {"parameters", count_numbers(backbone.module)}};
  // Of cvtool's own import: what it was trained with, and what its weights may be used for.
  for (const char* key : {"imgsz", "licence", "net"})
    if (file.info.is_object() && file.info.contains(key)) backbone.info[key] = file.info.at(key);
  return backbone;
}

namespace {

Shape tried_features(const torch::jit::Module& module, const Shape& input, const std::string& place) {
  const at::Tensor features = trial_output(module, {input[1], input[2]}, place);
  if (features.dim() != 2 && features.dim() != 4)
    throw Error(place + ": gives a tensor " + c10::str(features.sizes()) +
                " for two pictures, not a feature map [N,C,h,w] or a vector [N,D]; save a net without its last layers");
  return {features.sizes().begin() + 1, features.sizes().end()};
}

}  // namespace

SummaryRow attach_backbone(const Base& backbone, const Shape& input, torch::jit::Module& net) {
  const std::string file = backbone.info.at("file").get<std::string>();
  torch::jit::Module module = backbone.module;
  module.eval();
  for (at::Tensor parameter : module.parameters()) parameter.set_requires_grad(false);
  const std::string place = "--base " + file;
  net.register_module("base", module);
  SummaryRow row{backbone.info.at("name").get<std::string>(), "Base",
                 backbone.features ? *backbone.features : tried_features(module, input, place)};
  row.non_trainable = backbone.info.at("parameters").get<int64_t>();
  return row;
}

std::string backbone_path(const std::string& name_or_path) {
  std::error_code error;
  if (is_file_path(name_or_path)) {
    if (fs::is_regular_file(name_or_path, error)) return name_or_path;
    throw UsageError("base " + name_or_path + ": there is no such file");
  }
  const auto folders = backbone_folders();
  for (const std::string& folder : folders)
    if (const std::string path = folder + "/" + name_or_path + ".pt"; fs::is_regular_file(path, error)) return path;
  const auto choice = choice_of_file_name(name_or_path);
  // Whatever it is: what is said of a file helps more than that it is no name.
  if (!choice && fs::is_regular_file(name_or_path, error)) return name_or_path;
  if (!choice) throw UsageError(unknown_word("base", name_or_path, known_backbones()));
  throw UsageError("base '" + name_or_path + "' has not been imported (it is not in " + join(folders, ", ") +
                   "); get it with\n" + import_commands(*choice));
}

}  // namespace cvtool
