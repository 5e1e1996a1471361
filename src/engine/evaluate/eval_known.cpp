#include "engine/evaluate/eval_known.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluate/known_photos.h"
#include "metrics/conformal.h"
#include "metrics/detection.h"

namespace cvtool {
namespace {

constexpr double kUsualCoverage = 0.9;

// By this process alone.
OpenedSplit open_alone(const EvalWork& work, const OpenedModel& model, const PhotoRequest& photos) {
  return open_split(photos, model.recipe.data, work.request.run, work.observer);
}

OpenedSplit open_part(const EvalWork& work, const OpenedModel& model, const Dataset& dataset, const std::string& name) {
  return open_alone(work, model, {dataset.root, name, dataset.split(name)});
}

PhotoLooks look(const EvalWork& work, const OpenedModel& model, const PhotoStore& store, std::vector<size_t> rows) {
  return look_at(model.predictor, store, std::move(rows), work.request.batch, work.observer);
}

void fit_distances(const EvalWork& work, const Dataset& dataset, OpenedModel& model) {
  const bool held_back = !dataset.calibration.empty();
  const OpenedSplit train = open_part(work, model, dataset, "train"),
                    held = open_part(work, model, dataset, held_back ? "calibration" : "valid");
  const std::string place = "--fit-unknown: " + work.request.data + ": ", name = held_back ? held.name : "validation";
  if (!train.store || !held.store)
    throw DataError(place + "there are no " + (train.store ? name : "training") + " photos");
  const PhotoLooks learned = look(work, model, *train.store, rows_to_fit(*train.store)),
                   fresh = look(work, model, *held.store, fresh_rows(*held.store, train.store->samples()));
  const std::string trouble = fit_unknown(learned, fresh.features, name, model.file.info);
  if (!trouble.empty()) throw DataError(place + trouble);
  spdlog::info("what known photos are like, fitted to {} with the distances of {}, stored in {}",
               counted(learned.count(), "training photo"), counted(fresh.count(), name + " photo"), model.path);
}

// Photos that neither trained the model nor chose anything about it.
OpenedSplit open_fresh(const EvalWork& work, const OpenedModel& model, const Dataset& dataset, bool trained_here) {
  if (!trained_here) return open_alone(work, model, {dataset.root, "calibration", dataset.all()});
  if (!dataset.calibration.empty()) return open_part(work, model, dataset, "calibration");
  throw UsageError(
      "--fit-coverage: no photo of " + work.request.data +
      " was held back for calibration when the model was trained on it; name photos that it has never seen "
      "with --data, or train with --calibration 0.1");
}

void calibrate_sets(const EvalWork& work, const Dataset& dataset, bool trained_here, OpenedModel& model) {
  const OpenedSplit held = open_fresh(work, model, dataset, trained_here);
  std::vector<Sample> others;  // that it was trained and chosen by
  if (trained_here) {
    others = dataset.train;
    others.insert(others.end(), dataset.valid.begin(), dataset.valid.end());
  }
  if (!trained_here && held.store && holds_marked(*held.store, marks_of_training(model.file.info)))
    throw DataError("--fit-coverage: " + work.request.data +
                    " holds photos that the model was trained on; name photos that it has never seen with --data");
  PhotoLooks fresh;
  if (held.store) fresh = look(work, model, *held.store, fresh_rows(*held.store, others));
  if (fresh.count() == 0)
    throw DataError("--fit-coverage: there is no " + held.name +
                    " photo that could be read and is no copy of one that the model was trained on");
  fit_coverage(fresh, *held.store, model.file.info);
  spdlog::info("calibrated for sets of classes with {}, stored in {}", counted(fresh.count(), "photo"), model.path);
}

OodMethod method_of(const std::vector<double>& known, const std::vector<double>& other) {
  const Detection detection = detection_of(known, other);
  return {detection.auroc, detection.fpr95};
}

std::vector<double> negative(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

OodResult measured_against(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split) {
  const KnownFeatures features = known_features_of(model.file.info, model.path);
  std::vector<Sample> samples;
  for (const std::string& path : find_images(work.request.ood)) samples.push_back({path, 0, stable_hash(path)});
  const OpenedSplit unlike = open_alone(work, model, {"", "unknown", samples});
  const auto look_at_all = [&](const PhotoStore& store) {
    return look(work, model, store, in_order(store.samples().size()));
  };
  const PhotoLooks known = look_at_all(*split.store), other = look_at_all(*unlike.store);
  OodResult result{work.request.ood, other.count(), known.count(), {}};
  result.methods.emplace_back(
      "features", method_of(distances_of(features, known.features), distances_of(features, other.features)));
  result.methods.emplace_back("softmax", method_of(negative(known.best), negative(other.best)));
  result.methods.emplace_back("energy", method_of(known.free_energy, other.free_energy));
  return result;
}

// Nothing where the model was not calibrated, or with too few for what is usual.
std::optional<CoverageResult> reached_coverage(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split,
                                               const Evaluation& evaluation) {
  const bool asked = work.request.coverage.has_value();
  const double wanted = work.request.coverage.value_or(kUsualCoverage);
  const auto coverage = stored_coverage(model.file.info, model.path);
  if (!coverage || work.request.tta.variants > 1) return {};
  const auto calibrated = static_cast<int64_t>(coverage->right.size());
  if (!asked && calibrated < photos_for_coverage(wanted)) return {};
  if (holds_marked(*split.store, coverage->marks)) {
    if (!work.request.fit_coverage)
      spdlog::warn("the model was calibrated with these photos, or some of them: its coverage is not measured on them");
    return {};
  }
  const CoverageReached reached = coverage_reached(evaluation.outputs.predictions, coverage->right, wanted);
  return CoverageResult{reached.asked,     reached.reached, {reached.interval.low, reached.interval.high},
                        reached.mean_size, reached.singles, calibrated};
}

}  // namespace

void fit_what_it_knows(const EvalWork& work, const Dataset& dataset, bool trained_here, OpenedModel& model) {
  if (work.request.tta.variants > 1)
    throw UsageError("--tta: a model is fitted by what it says of each photo as it is; leave it out");
  if (work.request.fit_unknown) fit_distances(work, dataset, model);
  if (work.request.fit_coverage) calibrate_sets(work, dataset, trained_here, model);
  save_model(model.path, model.file);
}

void check_what_it_knows(const EvalRequest& request, const OpenedModel& model) {
  if (request.coverage) coverage_for(model.file.info, model.path, *request.coverage);
  if (request.coverage && request.tta.variants > 1)
    throw UsageError("--coverage: the model was calibrated by what it says of each photo as it is; leave --tta out");
  if (!request.ood.empty() && !model.file.info.contains(kUnknownKey))
    throw UsageError("--ood: " + model.path +
                     " does not hold what its training photos are like; fit that with --fit-unknown, on the data that "
                     "it was trained on");
}

void add_what_it_knows(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split, Evaluation& evaluation,
                       EvalResult& result) {
  result.coverage = reached_coverage(work, model, split, evaluation);
  if (result.coverage) evaluation.document["coverage"] = *result.coverage;
  if (work.request.ood.empty()) return;
  result.ood = measured_against(work, model, split);
  evaluation.document["ood"] = *result.ood;
}

}  // namespace cvtool
