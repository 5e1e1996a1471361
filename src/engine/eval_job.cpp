#include <spdlog/spdlog.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "engine/figures.h"
#include "engine/opened_model.h"
#include "engine/photos.h"

namespace cvtool {
namespace {

// A split of the data, and why it is this one.
struct ChosenSplit {
  std::string name;   // "test", "valid", "train" or "all"
  std::string reason;
  std::vector<Sample> samples;
};

std::vector<Sample> every_sample(const Dataset& dataset) {
  std::vector<Sample> all = dataset.train;
  all.insert(all.end(), dataset.valid.begin(), dataset.valid.end());
  all.insert(all.end(), dataset.test.begin(), dataset.test.end());
  std::sort(all.begin(), all.end(), [](const Sample& a, const Sample& b) { return a.path < b.path; });
  return all;
}

bool has_split_folders(const Dataset& dataset) { return dataset.layout != "flat"; }

ChosenSplit choose_split(const Dataset& dataset, const std::string& wanted, const Json& info) {
  if (wanted == "all") return {"all", "every photo, as asked", every_sample(dataset)};
  if (!wanted.empty()) {
    const auto& samples = dataset.split(wanted);
    if (samples.empty()) throw UsageError("--split " + wanted + ": the data has no " + wanted + " photos");
    return {wanted, "as asked", samples};
  }
  const bool trained_on = holds_marked_files(dataset.root, info.at("data").value("marks", Json::object()));
  if (!has_split_folders(dataset) && !trained_on) return {"all", "every photo: the model was not trained on this folder", every_sample(dataset)};
  const std::string source = has_split_folders(dataset) ? "" : ": the part held back when the model was trained on this folder";
  if (!dataset.test.empty()) return {"test", "the test photos" + source, dataset.test};
  if (!dataset.valid.empty()) return {"valid", "the validation photos" + source, dataset.valid};
  throw DataError(dataset.root + ": holds neither test nor validation photos; name a split with --split train");
}

// The loaded classes are the model's: photos are matched by name.
Dataset data_for(const std::string& path, const Recipe& recipe) {
  Dataset dataset = find_dataset(path, recipe.data, static_cast<uint64_t>(recipe.train.seed));
  for (const std::string& note : dataset.notes) spdlog::warn("{}", note);
  return dataset;
}

}  // namespace

EvalResult eval_job(const EvalRequest& request, Observer& observer) {
  const auto [path, model, recipe, predictor] = open_model(request.model, request.precision, request.run, request.tta);
  const Dataset dataset = data_for(request.data, recipe);
  const ChosenSplit chosen = choose_split(dataset, request.split, model.info);
  spdlog::info("evaluating {} on {} ({})", path, request.data, chosen.reason);
  const OpenedSplit split = open_split({dataset.root, chosen.name, chosen.samples}, recipe.data, request.run, observer);
  if (!split.store || split.store->samples().empty()) throw DataError(request.data + ": no photo of this split can be read");
  const Outputs outputs = outputs_of(predictor, *split.store, {recipe.train.loss, request.batch}, observer);
  EvalResult result;
  result.folder = request.output.empty() ? (std::filesystem::path(path).parent_path() / ("eval-" + chosen.name)).string() : request.output;
  result.document = {{"model", path}, {"data", request.data}, {"split", chosen.name}, {"metrics", figures_json(outputs, model_classes(model))}};
  if (request.tta.variants > 1) result.document["tta"] = tta_text(request.tta);
  result.document["skipped"] = split_json(split, model_classes(model))["skipped"];
  make_folders(result.folder);
  write_file_atomically(result.folder + "/metrics.json", text_from_json(result.document));
  return result;
}

}  // namespace cvtool
