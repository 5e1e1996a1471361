#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "evaluate/baseline.h"
#include "evaluate/calibrate.h"
#include "evaluate/evaluation.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// A split of the data, and why it is this one.
struct ChosenSplit {
  std::string name;  // "test", "valid", "train" or "all"
  std::string reason;
  std::vector<Sample> samples;
};

ChosenSplit choose_split(const Dataset& dataset, const std::string& wanted, const Json& info) {
  if (wanted == "all") return {"all", "every photo, as asked", dataset.all()};
  if (!wanted.empty()) {
    const auto& samples = dataset.split(wanted);
    if (samples.empty()) throw UsageError("--split " + wanted + ": the data has no " + wanted + " photos");
    return {wanted, "as asked", samples};
  }
  const bool trained_on = holds_marked_files(dataset.root, info.at("data").value("marks", Json::object()));
  if (!dataset.names_splits && !trained_on)
    return {"all", "every photo: the model was not trained on this data", dataset.all()};
  const std::string source = dataset.names_splits ? "" : ": the part held back when the model was trained on this data";
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

// One `cvtool eval` from request to result. Whatever is wrong with the request is found before a photo is read.
class EvalJob {
 public:
  EvalJob(const EvalRequest& request, Observer& observer)
      : request_(request),
        observer_(observer),
        model_(open_model(request.model, request.precision, request.run, request.tta)) {}

  EvalResult run() {
    check_request();
    if (!request_.baseline.empty()) baseline_ = open_baseline(request_.baseline, request_);
    dataset_ = data_for(request_.data, model_.recipe);
    const ChosenSplit chosen = choose_split(dataset_, request_.split, model_.file.info);
    if (!request_.calibrate.empty()) calibrate_first();
    spdlog::info("evaluating {} on {} ({})", model_.path, request_.data, chosen.reason);
    split_ = open({dataset_.root, chosen.name, chosen.samples});
    const EvaluationSubject subject = subject_of_split();
    Evaluation evaluation = evaluate(subject, outputs(split_), request_.threshold);
    judge_gates(evaluation.document);
    if (!request_.baseline.empty()) compare(subject, evaluation);
    if (!request_.calibrate.empty()) add_calibration(evaluation);
    const std::string beside = (std::filesystem::path(model_.path).parent_path() / ("eval-" + split_.name)).string();
    result_.folder = request_.output.empty() ? beside : request_.output;
    write_evaluation(result_.folder, subject, evaluation);
    result_.split = split_.name;
    result_.photos = evaluation.outputs.predictions.count();
    for (const char* name : {"accuracy", "balanced_accuracy", "majority_baseline", "roc_auc", "loss", "ece"})
      result_.figures.push_back(figure_of(evaluation, name));
    result_.document = std::move(evaluation.document);
    return std::move(result_);
  }

 private:
  void check_request() const {
    const std::vector<std::string> splits{"train", "valid", "test", "all"};
    if (!request_.split.empty() && std::find(splits.begin(), splits.end(), request_.split) == splits.end())
      throw UsageError("--split: " + unknown_word("split", request_.split, splits));
    const auto classes = model_classes(model_.file);
    check_gates(request_.gates, classes);
    if (request_.threshold && classes.size() != 2)
      throw UsageError("--threshold needs two classes; this model has " + std::to_string(classes.size()));
  }

  OpenedSplit open(const PhotoRequest& photos) {
    OpenedSplit split = open_split(photos, model_.recipe.data, request_.run, observer_);
    if (!split.store || split.store->samples().empty())
      throw DataError(request_.data + ": there is no " + photos.name + " photo that can be read");
    return split;
  }

  Outputs outputs(const OpenedSplit& split) {
    return outputs_of(model_.predictor, *split.store, {model_.recipe.train.loss, request_.batch}, observer_);
  }

  // Before anything is measured, so that all figures are the calibrated model's.
  void calibrate_first() {
    const OpenedSplit valid = open({dataset_.root, "valid", dataset_.valid});
    calibration_ = calibrate(model_.file, model_.path, outputs(valid));
    spdlog::info("temperature {} stored in {}", fixed(calibration_.calibration.temperature, 4), model_.path);
    model_ = open_model(model_.path, request_.precision, request_.run, request_.tta);
  }

  void add_calibration(Evaluation& evaluation) {
    const Predictions before = tempered(evaluation.outputs.predictions, 1 / calibration_.factor);
    Calibration& calibration = calibration_.calibration;
    if (split_.name == "valid") calibration.splits.clear();
    calibration.splits.emplace_back(split_.name, calibration_change(before, calibration_.factor));
    evaluation.document["calibration"] = calibration;
    result_.calibration = calibration;
  }

  EvaluationSubject subject_of_split() const {
    EvaluationSubject subject;
    subject.model = model_.path;
    subject.info = model_.file.info;
    subject.data = request_.data;
    subject.split = split_.name;
    subject.root = dataset_.root;
    subject.skipped = split_.skipped;
    subject.notes = dataset_.notes;
    if (split_.name == "valid" || split_.name == "test")
      subject.copies = copies_in_training(dataset_, split_.store->samples());
    if (!subject.copies.empty()) spdlog::warn("{}", leakage_text(subject.copies, split_.name));
    subject.device = device_from_text(request_.run.device).str();
    subject.precision = request_.precision;
    if (request_.tta.variants > 1) subject.tta = tta_text(request_.tta);
    subject.heat = heat_view_of(model_.file, model_.predictor, model_.recipe, device_from_text(request_.run.device));
    return subject;
  }

  void judge_gates(Json& document) {
    result_.gates = judged(request_.gates, document["metrics"]);
    if (!result_.gates.empty()) document["gates"] = result_.gates;
  }

  void compare(const EvaluationSubject& subject, Evaluation& evaluation) {
    answer(baseline_, split_, subject, request_, observer_);
    result_.baseline = compared(baseline_, evaluation);
    evaluation.document["baseline"] = *result_.baseline;
  }

  const EvalRequest& request_;
  Observer& observer_;
  OpenedModel model_;
  Baseline baseline_;
  Dataset dataset_;
  OpenedSplit split_;
  CalibrationResult calibration_;
  EvalResult result_;
};

}  // namespace

EvalResult eval_job(const EvalRequest& request, Observer& observer) { return EvalJob(request, observer).run(); }

}  // namespace cvtool
