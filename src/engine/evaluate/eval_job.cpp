#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/company.h"
#include "engine/data/looked.h"
#include "engine/evaluate/eval_known.h"
#include "engine/evaluate/eval_reports.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "evaluate/baseline.h"
#include "evaluate/calibrate.h"
#include "evaluate/eval_work.h"
#include "evaluate/evaluation.h"
#include "evaluate/known_photos.h"
#include "model/model_info.h"
#include "model/weights/sha256.h"
#include "run/share.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// A split of the data, and why it is this one.
struct ChosenSplit {
  std::string name;  // "test", "valid", "train" or "all"
  std::string reason;
  std::vector<Sample> samples;
};

bool was_trained_on(const Dataset& dataset, const Json& info) {
  return holds_fingerprinted_files(dataset.root, info.value("data", Json::object()).value("marks", Json::object()));
}

ChosenSplit choose_split(const Dataset& dataset, const std::string& wanted, const Json& info) {
  if (wanted == "all") return {"all", "every photo, as asked", dataset.all()};
  if (!wanted.empty()) {
    const auto& samples = dataset.split(wanted);
    if (samples.empty()) throw UsageError("--split " + wanted + ": the data has no " + wanted + " photos");
    return {wanted, "as asked", samples};
  }
  if (!dataset.names_splits && !was_trained_on(dataset, info))
    return {"all", "every photo: the model was not trained on this data", dataset.all()};
  const std::string source = dataset.names_splits ? "" : ": the part held out when the model was trained on this data";
  if (!dataset.test.empty()) return {"test", "the test photos" + source, dataset.test};
  if (!dataset.valid.empty()) return {"valid", "the validation photos" + source, dataset.valid};
  throw DataError(dataset.root + ": holds neither test nor validation photos; name a split with --split train");
}

// The loaded classes are the model's: photos are matched by name.
Dataset data_for(const EvalRequest& request, const OpenedModel& model) {
  const Recipe& recipe = model.recipe;
  DataConfig data = data_of_model(recipe, model.file.info, request.data);
  if (!request.columns.path_column.empty()) data.path_column = request.columns.path_column;
  if (!request.columns.label_column.empty()) data.label_column = request.columns.label_column;
  if (!request.columns.split_column.empty()) data.split_column = request.columns.split_column;
  if (!request.columns.group_column.empty()) {
    data.group_column = request.columns.group_column;
    data.group.clear();
  }
  Dataset dataset = find_dataset_of_model(request.data, data, static_cast<uint64_t>(recipe.train.seed), model.path);
  log_notes(dataset);
  return dataset;
}

// Throws UsageError for what the model's classes do not allow.
void check_request(const EvalRequest& request, const ModelFile& model) {
  const std::vector<std::string> splits{"train", "valid", "test", "calibration", "all"};
  if (!request.split.empty() && std::find(splits.begin(), splits.end(), request.split) == splits.end())
    throw UsageError("--split: " + unknown_word("split", request.split, splits));
  const auto classes = model_classes(model.info);
  check_gates(request.gates, classes);
  if (request.threshold && classes.size() != 2)
    throw UsageError("--threshold needs two classes; this model has " + std::to_string(classes.size()));
}

OpenedModel open_model(const EvalRequest& request, Ranks* ranks) {
  OpenedModel model = open_model(request.model, request.precision, request.run, request.tta);
  if (ranks) ranks->check_same(sha256_of_file(model.path), "the models", "give each machine the same file");
  return model;
}

OpenedSplit open_some_photos(const EvalWork& work, const PhotoRequest& photos, const Recipe& recipe) {
  OpenedSplit split = open_photos(work, photos, recipe);
  if (split.count() == 0)
    throw DataError(work.request.data + ": there is no " + photos.name + " photo that can be read");
  return split;
}

bool is_first(const EvalWork& work) { return !work.ranks || work.ranks->is_first(); }

// Stores a temperature in the model's file and opens the model anew, so that all that is measured then is the
// calibrated model's. Of several processes rank 0 stores it.
CalibrationResult calibrate(const EvalWork& work, const Dataset& dataset, OpenedModel& model) {
  const OpenedSplit valid = open_some_photos(work, {dataset.root, "valid", dataset.valid}, model.recipe);
  const Outputs answers = answers_to(work, model, valid);
  CalibrationResult result;
  if (is_first(work)) {
    result = calibrate(model.file, model.path, answers);
    spdlog::info("temperature {} stored in {}", fixed(result.calibration.temperature, 4), model.path);
  }
  if (work.ranks) work.ranks->largest(0);
  model = open_model(work.request, work.ranks);
  return result;
}

// Another temperature gives other probabilities: what was calibrated with the former is fitted anew, or goes.
void keep_up(const EvalWork& work, const Dataset& dataset, const OpenedModel& before, EvalRequest& request) {
  if (!before.file.info.contains(kCoverageKey) || request.fit_coverage) return;
  request.fit_coverage = !dataset.calibration.empty() && was_trained_on(dataset, before.file.info);
  if (!request.fit_coverage && is_first(work))
    spdlog::warn(
        "the model was calibrated for sets of classes at another temperature, which is gone; to calibrate it again: "
        "cvtool eval --data DIR --fit-coverage");
}

void fit(const EvalWork& work, const Dataset& dataset, OpenedModel& model) {
  if (is_first(work)) fit_what_it_knows(work, dataset, was_trained_on(dataset, model.file.info), model);
  if (work.ranks) work.ranks->largest(0);
  model = open_model(work.request, work.ranks);
}

// What the temperature has changed on the evaluated split, beside what it did on the validation photos.
void add_change(CalibrationResult& calibration, const std::string& split, const Outputs& outputs) {
  const Predictions before = tempered(outputs.predictions, 1 / calibration.factor);
  Keyed<CalibrationChange>& splits = calibration.calibration.splits;
  if (split == "valid") splits.clear();
  splits.emplace_back(split, calibration_change(before, calibration.factor));
}

EvaluationSubject subject_of(const EvalRequest& request, const OpenedModel& model, const Dataset& dataset,
                             const OpenedSplit& split) {
  const at::Device device = model.predictor.net().device();
  EvaluationSubject subject = subject_of(model.path, model.file, dataset, split);
  subject.data = request.data;
  if (split.name == "valid" || split.name == "test")
    subject.duplicates = duplicates_in_training(dataset, split.store->samples());
  if (!subject.duplicates.empty()) spdlog::warn("{}", leakage_text(subject.duplicates, split.name));
  subject.device = device.str();
  subject.precision = model.file.has_net() ? request.precision : export_facts(model.file.info).precision;
  if (request.tta.variants > 1) subject.tta = tta_text(request.tta);
  subject.heat = heat_view_of(model.file, model.predictor, model.recipe, device);
  return subject;
}

// Beside the model, unless the request says where.
std::string output_folder(const EvalRequest& request, const OpenedModel& model, const std::string& split) {
  if (!request.output.empty()) return request.output;
  return (std::filesystem::path(model.path).parent_path() / ("eval-" + split)).string();
}

// Throws UsageError where the evaluation would be written over what it is made from.
void check_folder(const EvalRequest& request, const OpenedModel& model, const Dataset& dataset,
                  const std::string& folder) {
  CommandInputs inputs{{model.path, request.data, request.baseline}, &dataset};
  if (ends_with(lower(request.baseline), ".json"))
    inputs.files.push_back((std::filesystem::path(request.baseline).parent_path() / "predictions.csv").string());
  check_output_folder("-o", folder, dataset);
  check_outputs_in(folder, evaluation_file_names(), inputs);
  check_eval_reports(request, folder, inputs);
}

EvalResult result_of(const Evaluation& evaluation, const std::string& split) {
  EvalResult result;
  result.split = split;
  result.photos = evaluation.outputs.predictions.count();
  for (const char* name : {"accuracy", "balanced_accuracy", "majority_baseline", "roc_auc", "loss", "ece"})
    result.metrics.push_back(measured(evaluation, name));
  return result;
}

// Of several processes all do what needs the photos, and rank 0 the rest.
EvalResult evaluate_model(const EvalRequest& asked, Ranks* ranks, Observer& observer) {
  const auto begin = std::chrono::steady_clock::now();
  EvalRequest request = asked;
  const EvalWork work{request, ranks, observer};
  // Whatever is wrong with the request is found before a photo is read.
  if (work.ranks) check_same_program(*work.ranks);
  OpenedModel model = open_model(request, work.ranks);
  check_request(request, model.file);
  std::optional<Baseline> baseline = open_baseline(request);
  const Dataset dataset = data_for(request, model);
  const ChosenSplit chosen = choose_split(dataset, request.split, model.file.info);
  const std::string folder = output_folder(request, model, chosen.name);
  if (is_first(work)) {
    check_folder(request, model, dataset, folder);
    drop_former_evaluation(folder);
  }
  if (work.ranks) check_same_photos(dataset, request.data, *work.ranks);

  CalibrationResult calibration;
  if (!request.calibrate.empty()) {
    keep_up(work, dataset, model, request);
    calibration = calibrate(work, dataset, model);
  }
  if (request.fit_unknown || request.fit_coverage) fit(work, dataset, model);
  check_what_it_knows(request, model);

  spdlog::info("evaluating {} on {} ({})", model.path, request.data, chosen.reason);
  const OpenedSplit split = open_some_photos(work, {dataset.root, chosen.name, chosen.samples}, model.recipe);
  Outputs outputs = answers_to(work, model, split);
  if (baseline) answer(*baseline, split, model_classes(model.file.info), work);
  if (!is_first(work)) return {};

  const EvaluationSubject subject = subject_of(request, model, dataset, split);
  Evaluation evaluation = evaluate(subject, std::move(outputs), request.threshold);
  EvalResult result = result_of(evaluation, split.name);
  result.folder = folder;
  Json& document = evaluation.document;
  result.gates = judged(request.gates, document["metrics"]);
  if (!result.gates.empty()) document["gates"] = result.gates;
  if (baseline) {
    result.baseline = compared(*baseline, evaluation);
    document["baseline"] = *result.baseline;
  }
  if (!request.calibrate.empty()) {
    add_change(calibration, split.name, evaluation.outputs);
    document["calibration"] = calibration.calibration;
    result.calibration = calibration.calibration;
  }
  add_what_it_knows(work, model, split, evaluation, result);
  write_evaluation(folder, subject, evaluation);
  write_eval_reports(request, subject.classes(), document,
                     std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  result.document = std::move(document);
  return result;
}

}  // namespace

EvalResult eval_job(const EvalRequest& request, Observer& observer) {
  EvalResult result;
  in_company(request.company.dist_timeout, observer, [&](Ranks* ranks, Observer& shared) {
    EvalRequest own = request;
    if (ranks) share_machine(own.run, *ranks);
    try {
      result = evaluate_model(own, ranks, shared);
    } catch (const std::exception& error) {
      if (!ranks || ranks->is_first()) tell_failed_evaluation(own, error);
      throw;
    }
  });
  return result;
}

}  // namespace cvtool
