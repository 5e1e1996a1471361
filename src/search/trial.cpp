#include "search/trial.h"

#include <ATen/ATen.h>

#include <chrono>
#include <map>

#include "base/error.h"
#include "evaluate/outputs.h"
#include "run/run_training.h"
#include "search/without_remarks.h"
#include "train/phases.h"
#include "train/probe_phase.h"
#include "train/stopping.h"

namespace cvtool {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Passes on what moves, and nothing that would look like the run's own epochs.
class TrialObserver : public Observer {
 public:
  explicit TrialObserver(Observer& observer) : observer_(observer) {}
  void progress(const Progress& progress) override {
    Progress shown = progress;
    shown.phase = "Trial: " + shown.phase;
    observer_.progress(shown);
  }
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return observer_.stop_requested(); }

 private:
  Observer& observer_;
};

TrainingData part_of(const PhotoStore& store, const std::vector<size_t>& rows) {
  TrainingData data;
  data.train.name = "train";
  data.train.store = store.subset(rows);
  return data;
}

// Of the last epoch: with averaged weights these are not what the net holds.
void load_snapshot(const Snapshot& snapshot, torch::jit::Module module) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> weights;
  for (const auto& parameter : module.named_parameters()) weights.emplace(parameter.name, parameter.value);
  for (const auto& buffer : module.named_buffers()) weights.emplace(buffer.name, buffer.value);
  for (const auto& [name, value] : snapshot.weights) weights.at(name).detach().copy_(value);
}

at::Tensor labels_of(const PhotoStore& store) {
  at::Tensor labels = at::empty({static_cast<int64_t>(store.samples().size())}, at::kLong);
  for (size_t i = 0; i < store.samples().size(); ++i) labels.data_ptr<int64_t>()[i] = store.samples()[i].label;
  return labels;
}

PhotoScores measured(const TrainPlan& plan, const PhotoStore& photos, Observer& observer) {
  const PhotoPredictor predictor({plan.net.module, plan.device, at::kFloat}, plan.recipe);
  Outputs outputs = outputs_of(predictor, photos, {plan.recipe.train.loss, 64}, observer);
  const Predictions& p = outputs.predictions;
  if (p.count() != static_cast<int64_t>(photos.samples().size()))
    throw DataError("photos vanished while they were in use; try again");
  const at::Tensor distribution =
      at::from_blob(outputs.predictions.distribution.data(), {p.count(), p.classes}, at::kDouble);
  const at::Tensor labels = at::empty({p.count()}, at::kLong);
  std::copy(p.labels.begin(), p.labels.end(), labels.data_ptr<int64_t>());
  constexpr double kLeast = 1e-12;
  return scores_of(distribution.clamp_min(kLeast).log(), labels);
}

}  // namespace

Trial try_out(const TrainPlan& plan, const PhotoStore& store, const HeldBack& photos, Observer& observer) {
  const auto start = Clock::now();
  const WithoutRemarks quietly;
  TrialObserver quiet(observer);
  const TrainingData data = part_of(store, photos.fit);
  TrainingRun training = training_of(plan, data, quiet);
  training.time_limit_s = 0;
  TrainingState state;
  if (train_net(training, state) == TrainingEnd::kInterrupted)
    throw Error("interrupted while ways to train were tried; nothing was written", ExitCode::kInterrupted);
  load_snapshot(state.last, plan.net.module);
  Trial trial;
  trial.images_per_second = value_of(state.history.back(), "images_per_second");
  if (!photos.check.empty()) trial.scores = measured(plan, *store.subset(photos.check), quiet);
  trial.seconds = seconds_since(start);
  return trial;
}

ProbeTrial try_probe(const TrainPlan& plan, const PhotoStore& store, const std::vector<size_t>& rows,
                     Observer& observer) {
  const auto start = Clock::now();
  const TrainingData data = part_of(store, rows);
  const WithoutRemarks quietly;
  TrialObserver quiet(observer);
  const PhaseInputs inputs = phase_inputs(plan, data, quiet);
  ProbeOptions options = probe_options(inputs);
  options.l2 = 0;
  const CrossValidation found = cross_validate(probe_data(inputs), options);
  return {scores_of(found.log_probabilities, labels_of(*data.train.store)), found.l2, seconds_since(start)};
}

}  // namespace cvtool
