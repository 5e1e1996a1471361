#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/launch.h"
#include "base/output.h"
#include "base/text.h"
#include "data/leakage.h"
#include "engine/base_choice.h"
#include "engine/company.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "engine/training/train_folds.h"
#include "engine/training/train_once.h"
#include "evaluate/evaluation.h"
#include "evaluate/known_photos.h"
#include "explain/layer_costs.h"
#include "model/archive.h"
#include "model/model_file.h"
#include "report/curves.h"
#include "run/run_directory.h"
#include "run/run_training.h"
#include "search/search.h"
#include "search/way.h"
#include "torch/matrix_rate.h"
#include "train/kept_features.h"
#include "train/lr_finder.h"
#include "train/stopping.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kPhotosAtOnceOnGpu = 64;

// A training that has come to its end.
struct DoneTraining {
  const TrainPlan& plan;
  const TrainingData& data;
  const StartedRun& run;
  KeptFeatures kept;  // of the training photos
};

// Of the training photos; those that the training has kept need no second look.
PhotoLooks learned_photos(const DoneTraining& done, const ModelFile& best, const PhotoPredictor& predictor,
                          Observer& observer) {
  const PhotoStore& photos = *done.data.train.store;
  const KeptFeatures kept = done.kept.train ? done.kept : kept_features(phase_inputs(done.plan, done.data, observer));
  if (kept.train) return look_at_kept(best.module, kept, rows_to_fit(photos));
  return look_at(predictor, photos, rows_to_fit(photos), kPhotosAtOnceOnGpu, observer);
}

// Of photos that trained nothing and, where some are held back for that, chose nothing.
struct HeldPhotos {
  std::string split;
  at::Tensor features;
  std::optional<PhotoLooks> fresh;  // of those that are held back
};

HeldPhotos held_photos(const DoneTraining& done, const PhotoPredictor& predictor, const Outputs& valid,
                       Observer& observer) {
  const TrainingData& data = done.data;
  if (!data.calibration.store) return {"validation", valid.features, {}};
  std::vector<Sample> others = data.train.store->samples();
  if (data.valid.store)
    others.insert(others.end(), data.valid.store->samples().begin(), data.valid.store->samples().end());
  const PhotoStore& photos = *data.calibration.store;
  PhotoLooks looks = look_at(predictor, photos, fresh_rows(photos, others), kPhotosAtOnceOnGpu, observer);
  return {"calibration", looks.features, std::move(looks)};
}

void fit_what_it_knows(const PhotoLooks& learned, const HeldPhotos& held, const TrainingData& data, Json& info) {
  if (const std::string trouble = fit_unknown(learned, held.features, held.split, info); !trouble.empty())
    spdlog::info("the model will not tell unknown photos (predict --unknown): {}", trouble);
  if (!held.fresh) return;
  if (held.fresh->count() == 0) {
    spdlog::warn("the photos held back for calibration are all copies of others: predict --coverage has none to go by");
    return;
  }
  fit_coverage(*held.fresh, *data.calibration.store, info);
  spdlog::info("calibrated with {} (predict --coverage)", counted(held.fresh->count(), "photo"));
}

// Measures best.pt as eval does, fits what it is to know of its limits, and writes eval's files.
std::pair<EvaluationSubject, Evaluation> final_evaluation(const DoneTraining& done, Observer& observer) {
  const auto& [plan, data, run, kept] = done;
  const OpenedSplit& split = data.measured();
  ModelFile best = load_model(run.folder + "/best.pt");
  const PhotoPredictor predictor({best.module, plan.device, at::kFloat}, plan.recipe);
  EvaluationPass pass{plan.recipe.train.loss, kPhotosAtOnceOnGpu};
  if (data.valid.store && !data.calibration.store)
    pass.featured = fresh_rows(*data.valid.store, data.train.store->samples());
  Outputs outputs = outputs_of(predictor, *split.store, pass, observer);
  fit_what_it_knows(learned_photos(done, best, predictor, observer), held_photos(done, predictor, outputs, observer),
                    data, best.info);
  save_model(run.folder + "/best.pt", best);
  EvaluationSubject subject = subject_of(run.folder + "/best.pt", best, plan.dataset, split);
  subject.data = plan.request.data;
  subject.duplicates = duplicates_in_training(data.train, data.valid);
  subject.device = plan.device.str();
  subject.precision = "fp32";
  subject.heat = heat_view_of(best, predictor, plan.recipe, plan.device);
  Evaluation evaluation = evaluate(subject, std::move(outputs));
  write_evaluation(run.folder, subject, evaluation);
  return {std::move(subject), std::move(evaluation)};
}

// The evaluations and exports in a run's folder: all but what training itself writes.
std::vector<std::string> results_in(const std::string& run) {
  std::error_code error;
  std::vector<std::string> results;
  for (const auto& entry : fs::directory_iterator(run, error)) {
    const std::string name = entry.path().filename().string();
    if (starts_with(name, "eval-") || starts_with(name, "exported.")) results.push_back(entry.path().string());
  }
  std::sort(results.begin(), results.end());
  return results;
}

// For people: why it ended early, what the curves say.
std::vector<std::string> notes_on(TrainingEnd end, const TrainPlan& plan, const StartedRun& run) {
  const TrainingState& state = run.state;
  const StoppingConfig& stopping = plan.recipe.train.stopping;
  std::vector<std::string> notes;
  if (end == TrainingEnd::kNoImprovement)
    notes.push_back("stopped early: " + stopping.monitor + " has not improved for " +
                    counted(stopping.patience, "epoch"));
  if (end == TrainingEnd::kTimeLimit)
    notes.push_back("stopped in epoch " + std::to_string(state.epoch) + ": the time is over");
  if (!run.trouble.empty()) notes.push_back(run.trouble);
  // Ways that were searched for have been measured; their advice is better than a guess from the curves.
  // Whose validation loss still falls has not yet learned too much by heart.
  if (plan.tried.empty()) {
    std::string note = still_improving(state.history, plan.recipe.train);
    if (note.empty()) note = overfitting(state.history);
    if (!note.empty()) notes.push_back(note);
  }
  if (plan.dataset.valid.empty())
    notes.push_back("there are no validation photos: the figures are of the training photos, which the net has seen");
  return notes;
}

// Training takes three times a pass forward: backward makes the gradients of the values and of the weights.
std::optional<PeakUse> peak_use(const TrainPlan& plan, const EpochTime& total) {
  constexpr double kGiga = 1e9, kPeakBudget_s = 0.5;
  const double seconds =
      total.parts[static_cast<size_t>(Spent::kForward)] + total.parts[static_cast<size_t>(Spent::kBackward)];
  if (!plan.device.is_cpu() || !plan.net.backbone.is_null() || seconds <= 0) return std::nullopt;
  std::vector<std::string> names;
  for (const SummaryRow& row : plan.net.rows) names.push_back(row.name);
  const DataConfig& data = plan.recipe.data;
  PeakUse use;
  try {
    for (const LayerCost& cost :
         layer_costs(FlatNet(plan.net.module), names, at::zeros(batch_shape(1, data.imgsz, data), at::kByte)))
      use.multiply_adds_per_photo += cost.macs;
  } catch (const Error&) {
    return std::nullopt;  // an operation that cannot be followed: no reason to lose a training
  }
  use.gflops_reached = 2.0 * 3.0 * static_cast<double>(use.multiply_adds_per_photo) *
                       static_cast<double>(total.photos) / seconds / kGiga;
  use.gflops_peak = matrix_flops(plan.precision, kPeakBudget_s) / kGiga;
  return use;
}

// Writes it into the run's folder too.
TrainProfile finished_profile(const Profile& profile, const TrainPlan& plan, const StartedRun& run) {
  TrainProfile result = profile.result();
  result.peak = peak_use(plan, result.total);
  write_file_atomically(own_file(run.folder, "profile.json"), text_from_json(result));
  return result;
}

// Whatever is wrong with the request is said before the photos are read.
PreparedTraining prepare_training(PlannedTraining planned, const Pace& pace, Observer& observer) {
  const TrainRequest& request = planned.request;
  PreparedTraining prepared{std::move(planned.plan), {}};
  TrainPlan& plan = prepared.plan;
  plan.reuse = pace.reuse();
  if (!plan.stopped) check_output_folder("--project", plan.request.project, plan.dataset);
  if (is_open(request)) return search_training(request, plan.dataset, pace, observer);
  if (request.budget_is_asked)
    spdlog::warn(
        "--budget: nothing is searched for, since flags or a recipe say how it is trained (--time-limit ends a "
        "training)");
  prepared.data = open_training_data(plan, observer);
  return prepared;
}

// A launcher that starts all processes anew after a failure starts them with the same words, and means the run that
// they have begun.
TrainRequest going_on(const TrainRequest& request, Ranks* ranks) {
  if (!ranks || request.resumes) return request;
  const std::optional<Launch> launch = launch_from_environment();
  std::string run;
  if (ranks->is_first() && launch->restarts > 0) run = run_of_job(request.project, request.name, launch->job);
  run = ranks->from_first(run);
  if (run.empty()) return request;
  spdlog::info("{} starts all anew: going on with {}", launch->by, run);
  TrainRequest again = request;
  again.resumes = true;
  again.resume = run;
  again.recipe.clear();
  again.from.clear();
  again.name.clear();
  again.overrides = Json::object();
  return again;
}

}  // namespace

TrainedOnce train_once(PlannedTraining planned, const Pace& pace, Observer& observer) {
  Ranks* ranks = pace.ranks();
  const PreparedTraining prepared = prepare_training(std::move(planned), pace, observer);
  const TrainPlan& plan = prepared.plan;
  const TrainingData& data = prepared.data;
  StartedRun run = start_run(plan, data);
  const std::string model = run.folder + "/best.pt", digest = stored_digest(model);
  Profile profile;
  const bool profiled = plan.request.session.profile;
  KeptFeatures kept;
  const TrainingEnd end = train_into_folder(plan, data, run, observer, {profiled ? &profile : nullptr, &kept});

  TrainedOnce trained;
  TrainResult& result = trained.result;
  if (profiled && !profile.result().epochs.empty()) result.profile = finished_profile(profile, plan, run);
  result.run = run.folder;
  result.interrupted = end == TrainingEnd::kInterrupted;
  if (ranks && !ranks->is_first()) return trained;
  result.seed = plan.recipe.train.seed;
  result.best_epoch = run.state.best.epoch;
  result.chosen = plan.recipe.train.stopping.monitor != kNoMonitor;
  result.epochs = static_cast<int64_t>(run.state.history.size());
  for (const EpochReport& report : run.state.history) result.seconds += value_of(report, "seconds");
  if (result.interrupted || end == TrainingEnd::kTimeLimit) result.resume = run.resume_command();
  result.notes = notes_on(end, plan, run);
  if (end == TrainingEnd::kDone) result.notes.insert(result.notes.end(), plan.advice.begin(), plan.advice.end());
  const auto stale = results_in(run.folder);
  if (!stale.empty() && stored_digest(model) != digest)
    result.notes.push_back("made from an earlier best.pt, to be made again: " + join(stale, ", "));
  if (result.best_epoch == 0 || result.interrupted) return trained;
  try {
    auto [subject, evaluation] = final_evaluation({plan, data, run, std::move(kept)}, observer);
    result.metrics = evaluation.document["metrics"];
    result.accuracy = measured(evaluation, "accuracy");
    result.loss = evaluation.outputs.loss;
    trained.subject = std::move(subject);
    trained.outputs = std::move(evaluation.outputs);
  } catch (const Error& error) {
    if (error.code() != ExitCode::kInterrupted) throw;
    result.interrupted = true;
    result.resume = run.resume_command();
  }
  return trained;
}

namespace {

TrainResult train(const TrainRequest& request, Ranks* ranks, Observer& observer) {
  const Pace pace(request.budget_minutes, ranks);
  BaseChoice chosen;
  const TrainRequest wanted = going_on(request, ranks);
  in_turns(ranks, [&] { chosen = choose_base(wanted, observer); });
  PlannedTraining planned{chosen.request, plan_training(chosen.request, nullptr, ranks)};
  const DataConfig& data = planned.plan.recipe.data;
  TrainResult result = data.folds > 0 && data.fold == 0 ? train_folds(planned, ranks, observer)
                                                        : train_once(std::move(planned), pace, observer).result;
  result.base = chosen.automatic;
  return result;
}

}  // namespace

TrainResult train_job(const TrainRequest& request, Observer& observer) {
  TrainResult result;
  in_company(request.session.dist_timeout, observer,
             [&](Ranks* ranks, Observer& shared) { result = train(request, ranks, shared); });
  return result;
}

LrFinding find_lr_job(const TrainRequest& request, const std::string& picture, Observer& observer) {
  constexpr int64_t kSteps = 100;
  TrainRequest without_run = request;
  without_run.name.clear();
  const TrainPlan plan = plan_training(choose_base(without_run, observer).request);
  check_output(picture, OutputKind::kPicture, {{request.data, request.from}, &plan.dataset});
  const TrainingData data = open_training_data(plan, observer);
  const LrCurve curve = find_lr(training_of(plan, data, observer), kSteps);
  write_lr_png(picture, curve.rates, curve.losses, curve.suggested);
  return {curve.suggested, curve.rates, curve.losses, picture};
}

}  // namespace cvtool
