#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "explain/layer_costs.h"
#include "model/archived/weight_archive.h"
#include "model/bases/backbone_import.h"
#include "model/compile.h"
#include "model/model_file.h"
#include "model/model_info.h"
#include "run/run_directory.h"
#include "spec/recipe.h"
#include "torch/device.h"

namespace cvtool {
namespace {

constexpr int64_t kBackboneSide = 224;  // where a backbone does not say for which size it was made

Summary summary_of(std::string name, std::optional<ImageSize> imgsz, LayerTable table) {
  Summary summary;
  static_cast<LayerTable&>(summary) = std::move(table);
  summary.name = std::move(name);
  summary.imgsz = imgsz;
  return summary;
}

std::optional<ImageSize> stored_size(const Json& info, const std::string& path) {
  ImageSize size;
  if (info.value("imgsz", Json()).is_null()) return {};
  JsonReader(info, path + ": ")("imgsz", size, Doc(""));
  return size;
}

// Adds what each layer sees and costs.
void add_costs(Summary& summary, const FlatNet& net, const at::Tensor& picture) {
  std::vector<std::string> names;
  for (const LayerSummary& layer : summary.layers) {
    names.push_back(layer.name);
    // A backbone of another program is listed by the paths of its modules.
    std::replace(names.back().begin(), names.back().end(), '.', '/');
  }
  const auto costs = layer_costs(net, names, picture);
  summary.cost.emplace();
  for (size_t i = 0; i < costs.size(); ++i) {
    summary.layers[i].cost = costs[i];
    summary.cost->macs += costs[i].macs;
    summary.cost->activation_bytes += costs[i].activation_bytes;
  }
}

at::Tensor black_picture(const ImageSize& size, const PixelFormat& pixels = {}) {
  return at::zeros(batch_shape(1, size, pixels));
}

Summary model_summary(const std::string& path, bool costs) {
  const ModelFile model = load_model(path);
  if (!model.info.contains("summary"))
    throw Error(path + ": cvtool.json lacks 'summary'; the file is damaged, make it again");
  Summary summary = summary_of(path, stored_size(model.info, path), stored_layer_table(model.info["summary"], path));
  summary.channels = pixel_format(model.info).channels;
  summary.classes = model.info["classes"];
  if (costs) require_net(path, model, "looked into for --macs and --receptive-field");
  if (costs) add_costs(summary, FlatNet(model.module), model.golden);
  return summary;
}

// Of a backbone that another program made: the modules that hold weights; their output shapes are not known.
LayerTable foreign_table(const torch::jit::Module& module) {
  std::vector<SummaryRow> rows;
  for (const auto& part : module.named_modules()) {
    SummaryRow row{part.name, part.value.type()->name()->name(), {}};
    for (const auto& parameter : part.value.parameters(/*recurse=*/false)) row.trainable += parameter.numel();
    for (const auto& buffer : part.value.named_buffers(/*recurse=*/false))
      if (buffer.name != "num_batches_tracked") row.non_trainable += buffer.value.numel();
    if (row.trainable + row.non_trainable > 0) rows.push_back(row);
  }
  return layer_table(rows);
}

Summary backbone_file_summary(const std::string& path, bool costs) {
  const BackboneFile backbone = load_backbone(path);
  Summary summary = summary_of(path, stored_size(backbone.info, path),
                               backbone.info.contains("summary") ? stored_layer_table(backbone.info["summary"], path)
                                                                 : foreign_table(backbone.module));
  const ImageSize size = summary.imgsz.value_or(ImageSize{kBackboneSide, kBackboneSide});
  if (costs) add_costs(summary, FlatNet(backbone.module, "forward"), black_picture(size));
  return summary;
}

Summary backbone_summary(const BackboneChoice& choice, const SummaryRequest& request) {
  DataConfig data;
  data.imgsz = {choice.spec.imgsz, choice.spec.imgsz};
  if (request.overrides.contains("data")) read_fields(request.overrides["data"], "--", data);
  BackboneNet net = compile_choice(choice, data.imgsz);
  net.module.eval();
  Summary summary = summary_of(backbone_file_name(choice), data.imgsz, layer_table(net.rows));
  if (request.costs) add_costs(summary, FlatNet(net.module, "forward"), black_picture(data.imgsz));
  return summary;
}

Summary recipe_summary(const SummaryRequest& request) {
  const Recipe recipe = load_recipe(request.subject, request.overrides);
  int64_t classes = static_cast<int64_t>(recipe.data.classes.size());
  if (request.classes > 0) classes = request.classes;
  if (classes == 0) classes = 2;
  const Net net = compile_net(recipe.model, net_target(recipe, classes));
  Summary summary = summary_of(recipe.name, input_size(recipe), layer_table(net.rows));
  summary.channels = recipe.data.channels;
  summary.classes = classes;
  if (request.costs) add_costs(summary, FlatNet(net.module), black_picture(input_size(recipe), recipe.data));
  return summary;
}

Summary file_summary(const std::string& subject, bool costs) {
  const std::string path = model_path(subject);
  return is_model_file(path) || is_weight_archive(path) || !std::filesystem::exists(path)
             ? model_summary(path, costs)
             : backbone_file_summary(path, costs);
}

}  // namespace

Summary summary_job(const SummaryRequest& request) {
  if (request.costs) prepare_process(0);
  const std::string& subject = request.subject;
  std::error_code error;
  const bool archive = std::filesystem::is_regular_file(subject, error) &&
                       (read_file(subject).compare(0, 2, "PK") == 0 || is_weight_archive(subject));
  if (archive || is_model_file(subject) || ends_with(subject, ".pt") || std::filesystem::is_directory(subject, error))
    return file_summary(subject, request.costs);
  const auto recipes = recipe_names();
  if (is_path(subject) || std::find(recipes.begin(), recipes.end(), subject) != recipes.end())
    return recipe_summary(request);
  if (const auto choice = choice_of_file_name(subject)) return backbone_summary(*choice, request);
  const auto backbones = known_backbones();
  if (std::find(backbones.begin(), backbones.end(), subject) != backbones.end())
    return backbone_file_summary(backbone_path(subject), request.costs);
  std::vector<std::string> names = recipes;
  names.insert(names.end(), backbones.begin(), backbones.end());
  throw UsageError(unknown_word("recipe or base", subject, names));
}

}  // namespace cvtool
