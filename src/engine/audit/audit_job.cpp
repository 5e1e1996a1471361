#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "data/photos.h"
#include "datatools/fix_labels.h"
#include "engine/audit/audit_work.h"
#include "engine/base_choice.h"
#include "engine/data/looked.h"
#include "engine/jobs.h"
#include "engine/layer_values.h"
#include "engine/output_check.h"
#include "evaluate/opened_model.h"
#include "explain/activations.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kNeighbours = 5;
constexpr const char* kFolds = "folds";  // the cross-validation's name in the audit's folder

std::string stem_of_data(const std::string& data) {
  fs::path path = fs::path(data).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  const std::string name = fs::is_directory(path) ? path.filename().string() : path.stem().string();
  return name.empty() || name == "." || name == ".." ? "photos" : name;
}

// A linear probe for each fold.
TrainRequest cross_validation_for(const AuditRequest& request, const std::string& folder) {
  TrainRequest training;
  training.data = request.data;
  training.overrides = {{"data", request.overrides},
                        {"train", {{"seed", request.options.seed}}},
                        {"transfer", {{"probe", true}}},
                        {"model", {{"base", request.base}}},
                        {"augment", Json::array()}};
  training.overrides["data"]["folds"] = request.options.folds;
  training.run = request.machine;
  Json machine;
  write_fields(request.machine, machine);
  training.run_given = machine;
  training.project = folder;
  training.name = kFolds;
  training.offline = request.offline;
  return training;
}

// Returns the run's folder.
std::string judge_by_folds(const AuditRequest& request, const std::string& folder, Observer& observer) {
  if (fs::exists(folder + "/" + kFolds))
    throw UsageError(folder + " holds an audit; take another folder with --output, or its predictions with --run " +
                     shell_word(folder + "/" + kFolds));
  const BaseChoice choice = choose_base(cross_validation_for(request, folder), observer);
  if (!choice.base && request.base == "auto")
    throw UsageError(
        "an audit looks at photos through a pretrained base, and none is ready here: cvtool import makes one. Without "
        "a base, cvtool train --folds 5 trains nets from scratch, and --run names what they have said");
  const TrainResult trained = train_job(choice.request, observer);
  if (trained.interrupted || !trained.metrics.is_object())
    throw Error("interrupted; remove " + folder + " and audit again", ExitCode::kInterrupted);
  return trained.run;
}

// The photos as the run's models see them, in one piece.
Dataset audited_photos(const AuditRequest& request, const Recipe& recipe, DataConfig& data) {
  data = in_one_piece(recipe.data);
  Dataset dataset = find_dataset(request.data, data, 0);
  log_notes(dataset);
  return dataset;
}

std::vector<std::string> splits_of(const Dataset& dataset, const std::vector<Sample>& samples) {
  std::map<std::string, std::string> splits;
  if (dataset.names_splits)
    for (const char* split : {"train", "valid", "test"})
      for (const Sample& sample : dataset.split(split)) splits.emplace(sample.path, split);
  std::vector<std::string> out;
  for (const Sample& sample : samples) out.push_back(splits[sample.path]);
  return out;
}

Neighbours neighbours_of(const OpenedModel& model, const AuditWork& work, const AuditRequest& request,
                         Observer& observer) {
  const FlatNet net(model.file.module);
  const OpenedSplit split =
      open_split({work.root, "photos", work.judged.samples, 1, true}, model.recipe.data, request.machine, observer);
  if (split.count() != static_cast<int64_t>(work.judged.samples.size()))
    throw DataError(request.data + ": photos have changed since the run was made; make it anew");
  const auto input = [&](const at::Tensor& pixels) { return model.predictor.input(pixels); };
  const LayerOfNet features{net, last_features(net, model.file.golden), input};
  return nearest_photos(layer_values(features, *split.store, observer), kNeighbours);
}

}  // namespace

AuditResult audit_job(const AuditRequest& request, Observer& observer) {
  const std::string folder = request.output.empty() ? stem_of_data(request.data) + "-audit" : request.output;
  DataConfig asked;
  read_fields(request.overrides, "--", asked);
  check_output_folder("--output", folder, find_dataset(request.data, asked, 0));
  if (!request.run.empty()) check_is_cross_validation(request.run);
  const std::string run = request.run.empty() ? judge_by_folds(request, folder, observer) : request.run;
  const OpenedModel model = open_model(run + "/fold-1", "fp32", request.machine);
  DataConfig data;
  const Dataset dataset = audited_photos(request, model.recipe, data);
  AuditWork work;
  work.root = dataset.root;
  work.classes = dataset.classes;
  work.judged = read_out_of_fold(run, dataset);
  work.splits = splits_of(dataset, work.judged.samples);
  work.decode = decode_options(data, request.machine);
  work.neighbours = neighbours_of(model, work, request, observer);
  AuditResult result = findings_of(work);
  result.data = request.data;
  result.run = run;
  const auto left = static_cast<int64_t>(dataset.all().size()) - result.photos;
  if (left > 0)
    result.notes.push_back(counted(left, "photo") + (left == 1 ? " is" : " are") +
                           " not audited: for testing, or not readable");
  make_folders(folder);
  write_audit(folder, work, request.options.shown, result);
  return result;
}

FixResult fix_job(const FixRequest& request, Observer& observer) {
  return fix_labels(request, progress_of("Fixing", observer, "nothing was changed"));
}

}  // namespace cvtool
