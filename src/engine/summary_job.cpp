#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "explain/layer_costs.h"
#include "model/archive.h"
#include "model/base_import.h"
#include "model/compile.h"
#include "model/model_file.h"
#include "run/run_directory.h"
#include "spec/recipe.h"
#include "torch/device.h"

namespace cvtool {
namespace {

constexpr int64_t kBaseSide = 224;  // where a base does not say for which size it was made

Json field_json(const ReceptiveField& field) {
  if (field.whole) return "whole";
  return {{"size", field.size}, {"stride", field.stride}, {"offset", field.first}};
}

// Writes what each layer sees and costs into the summary.
void add_costs(Json& summary, const FlatNet& net, const at::Tensor& picture) {
  std::vector<std::string> names;
  for (const Json& layer : summary["layers"]) {
    names.push_back(layer["name"]);
    // A base of another program is listed by the paths of its modules.
    std::replace(names.back().begin(), names.back().end(), '.', '/');
  }
  const auto costs = layer_costs(net, names, picture);
  int64_t macs = 0, bytes = 0;
  for (size_t i = 0; i < costs.size(); ++i) {
    Json& layer = summary["layers"][i];
    layer["receptive_field"] = costs[i].field ? field_json(*costs[i].field) : Json();
    layer["macs"] = costs[i].macs;
    layer["activation_bytes"] = costs[i].activation_bytes;
    macs += costs[i].macs;
    bytes += costs[i].activation_bytes;
  }
  summary["macs"] = macs;
  summary["activation_bytes"] = bytes;
}

Json size_json(const ImageSize& size) {
  Json json;
  JsonWriter writer(json);
  writer("imgsz", size, Doc(""));
  return json["imgsz"];
}

at::Tensor black_picture(const ImageSize& size) { return at::zeros({1, 3, size.height, size.width}); }

Json model_summary(const std::string& path, bool costs) {
  const ModelFile model = load_model(path);
  Json out{{"name", path}, {"imgsz", model.info["imgsz"]}, {"classes", model.info["classes"]}};
  out.update(model.info.at("summary"));
  if (costs) add_costs(out, FlatNet(model.module), model.golden);
  return out;
}

// Of a base that another program made: the modules that hold weights; their output shapes are not known.
Json foreign_summary(const torch::jit::Module& module) {
  std::vector<SummaryRow> rows;
  for (const auto& part : module.named_modules()) {
    SummaryRow row{part.name, part.value.type()->name()->name(), {}};
    for (const auto& parameter : part.value.parameters(/*recurse=*/false)) row.trainable += parameter.numel();
    for (const auto& buffer : part.value.named_buffers(/*recurse=*/false))
      if (buffer.name != "num_batches_tracked") row.non_trainable += buffer.value.numel();
    if (row.trainable + row.non_trainable > 0) rows.push_back(row);
  }
  return summary_json(rows);
}

Json base_file_summary(const std::string& path, bool costs) {
  const BaseFile base = load_base(path);
  Json out{{"name", path}, {"imgsz", base.info.value("imgsz", Json())}};
  out.update(base.info.contains("summary") ? base.info["summary"] : foreign_summary(base.module));
  ImageSize size{kBaseSide, kBaseSide};
  if (!out["imgsz"].is_null()) JsonReader(out, path + ": ")("imgsz", size, Doc(""));
  if (costs) add_costs(out, FlatNet(base.module, "forward"), black_picture(size));
  return out;
}

Json base_summary(const BaseChoice& choice, const SummaryRequest& request) {
  DataConfig data;
  data.imgsz = {choice.spec.imgsz, choice.spec.imgsz};
  if (request.overrides.contains("data")) read_fields(request.overrides["data"], "--", data);
  Json out{{"name", base_file_name(choice)}, {"imgsz", size_json(data.imgsz)}};
  BaseNet net = compile_choice(choice, data.imgsz);
  net.module.eval();
  out.update(summary_json(net.rows));
  if (request.costs) add_costs(out, FlatNet(net.module, "forward"), black_picture(data.imgsz));
  return out;
}

Json recipe_summary(const SummaryRequest& request) {
  const Recipe recipe = load_recipe(request.subject, request.overrides);
  int64_t classes = static_cast<int64_t>(recipe.data.classes.size());
  if (request.classes > 0) classes = request.classes;
  if (classes == 0) classes = 2;
  const Net net = compile_net(recipe.model, {input_size(recipe), classes, static_cast<uint64_t>(recipe.train.seed)});
  Json out{{"name", recipe.name}, {"imgsz", input_size_json(recipe)}, {"classes", classes}};
  out.update(summary_json(net.rows));
  if (request.costs) add_costs(out, FlatNet(net.module), black_picture(input_size(recipe)));
  return out;
}

Json file_summary(const std::string& subject, bool costs) {
  const std::string path = model_path(subject);
  const std::string text = text_in_archive(path, "/cvtool.json");
  const Json info = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool model = info.is_object() && info.contains("classes");
  return model || !std::filesystem::exists(path) ? model_summary(path, costs) : base_file_summary(path, costs);
}

}  // namespace

Json summary_job(const SummaryRequest& request) {
  if (request.costs) prepare_process(0);
  const std::string& subject = request.subject;
  std::error_code error;
  if (ends_with(subject, ".pt") || std::filesystem::is_directory(subject, error))
    return file_summary(subject, request.costs);
  const auto recipes = recipe_names();
  if (is_path(subject) || std::find(recipes.begin(), recipes.end(), subject) != recipes.end())
    return recipe_summary(request);
  if (const auto choice = choice_of_file_name(subject)) return base_summary(*choice, request);
  const auto bases = known_bases();
  if (std::find(bases.begin(), bases.end(), subject) != bases.end())
    return base_file_summary(base_path(subject), request.costs);
  std::vector<std::string> names = recipes;
  names.insert(names.end(), bases.begin(), bases.end());
  throw UsageError(unknown_word("recipe or base", subject, names));
}

}  // namespace cvtool
