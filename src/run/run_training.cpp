#include "run/run_training.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "augment/augment.h"
#include "base/core_share.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/throttle.h"
#include "model/dead_layer.h"
#include "run/reuse.h"
#include "run/run_files.h"
#include "run/run_records.h"
#include "train/losses.h"
#include "train/phases.h"
#include "train/stopping.h"

namespace cvtool {
namespace {

// The first photos that are measured, at most `count`, as the net is given them.
at::Tensor first_pictures(const TrainPlan& plan, const TrainingData& data, int64_t count) {
  Batch batch;
  std::vector<size_t> rows = in_order(data.measured().store->samples().size());
  if (rows.size() > static_cast<size_t>(count)) rows.resize(static_cast<size_t>(count));
  Loader loader(*data.measured().store, rows, count);
  loader.next(batch);
  const Augmenter augmenter(plan.recipe.augment, 0, plan.classes());
  return augmenter.eval_transform(batch.pixels).to(at::kByte);
}

// Of a net that gives all photos the same answer; "" where no layer of it is dead.
std::string trouble_of_net(const TrainPlan& plan, const TrainingData& data) {
  constexpr int64_t kPhotos = 32;
  const auto dead = find_dead_layer(plan.net.module, first_pictures(plan, data, kPhotos).to(plan.device));
  return dead ? dead_layer_text(*dead) : "";
}

void announce(const TrainPlan& plan, const TrainingData& data, const StartedRun& run, Observer& observer) {
  const Recipe& recipe = plan.recipe;
  const Json& parameters = plan.summary.at("total");
  spdlog::info("{}: {} parameters, {} on {}, {}", recipe.name, with_thousands(parameters.get<int64_t>()),
               recipe.train.optimizer, plan.device.str(), plan.precision_why);
  if (!recipe.augment.empty()) spdlog::info("augmented by {}", augment_text(recipe.augment));
  observer.event({{"event", "start"},
                  {"run", run.folder},
                  {"resumed", plan.stopped.has_value()},
                  {"epoch", run.state.epoch},
                  {"classes", plan.dataset.classes},
                  {"train", data.train.count()},
                  {"valid", data.valid.count()},
                  {"parameters", parameters},
                  {"precision", recipe.train.precision},
                  {"recipe", recipe_to_json(recipe)}});
}

// After a failure. The disk may be full.
std::string what_is_left(const TrainPlan& plan, const StartedRun& run, RunFiles& files) {
  try {
    files.catch_up(run.state);
  } catch (const std::exception&) {
    const bool resumable = std::filesystem::exists(run.folder + "/" + kCheckpointFile);
    return resumable ? "; then go on with: " + run.resume_command() : "";
  }
  // Where it was another process that ended, nothing is wrong with the run.
  const bool goes_on = plan.ranks && std::filesystem::exists(run.folder + "/" + kCheckpointFile);
  const std::string next = goes_on ? "; go on, with any number of processes: " + run.resume_command() : "";
  if (run.state.best.epoch == 0) return next;
  const bool chosen = plan.recipe.train.stopping.monitor != kNoMonitor;
  return std::string("; the ") + (chosen ? "best" : "last") + " model so far (epoch " +
         std::to_string(run.state.best.epoch) + ") is kept in " + run.folder + "/best.pt" + next;
}

// Says once that other programs keep the processors from the training.
class BusyMachine {
 public:
  void after_epoch() {
    constexpr double kEnoughToTell_s = 20, kEnough = 0.8;
    if (told_ || looking_.seconds_since_last() < kEnoughToTell_s) return;
    std::optional<double> got;
    looking_.run([&] { got = share_.got(); });
    if (!got || *got >= kEnough) return;
    told_ = true;
    spdlog::warn(
        "other programs keep the processors busy: training got {:.0f} % of the time that it wanted to compute (results "
        "do not change by it, only the time)",
        100 * *got);
  }

 private:
  const CoreShare share_;
  Throttle looking_{0};
  bool told_ = false;
};

}  // namespace

PhaseInputs phase_inputs(const TrainPlan& plan, const TrainingData& data, Observer& observer,
                         const TrainingExtras& extras) {
  return {plan.recipe,
          plan.net,
          plan.classes(),
          *data.train.store,
          data.valid.store.get(),
          plan.device,
          plan.precision,
          observer,
          extras.profile,
          plan.ranks,
          extras.kept,
          plan.reuse ? plan.reuse->shelf() : nullptr};
}

TrainingRun training_of(const TrainPlan& plan, const TrainingData& data, Observer& observer,
                        const TrainingExtras& extras) {
  const TrainConfig& config = plan.recipe.train;
  const at::Tensor weights =
      class_weights_tensor(config.class_weights, plan.dataset.classes, data.train.store->samples());
  TrainingRun training;
  training.units = plan.net.units;
  training.config = config;
  training.loss = {config.loss, config.label_smoothing, config.focal_gamma,
                   weights.defined() ? weights.to(plan.device) : at::Tensor()};
  training.phases = training_phases(phase_inputs(plan, data, observer, extras));
  training.device = plan.device;
  training.precision = plan.precision;
  training.time_limit_s = plan.request.session.time_limit * 60;
  training.budget_s = plan.budget_s;
  training.checkpoint_every_s = plan.request.session.checkpoint_minutes * 60;
  training.observer = &observer;
  training.ranks = plan.ranks;
  training.profile = extras.profile;
  return training;
}

namespace {

// Of several processes the first keeps what all train.
TrainingEnd train_beside(const TrainPlan& plan, const TrainingData& data, StartedRun& run, Observer& observer) {
  if (all_epochs_done(plan.recipe.train, run.state)) return TrainingEnd::kDone;
  try {
    return train_net(training_of(plan, data, observer), run.state);
  } catch (const Error& error) {
    if (error.code() != ExitCode::kInterrupted) throw;
    plan.ranks->fail(error.what(), error.code());
    return TrainingEnd::kInterrupted;
  }
}

}  // namespace

TrainingEnd train_into_folder(const TrainPlan& plan, const TrainingData& data, StartedRun& run, Observer& observer,
                              const TrainingExtras& extras) {
  if (plan.ranks && !plan.ranks->is_first()) return train_beside(plan, data, run, observer);
  RunLog log(own_file(run.folder, "log.txt"));
  announce(plan, data, run, observer);
  log.line("recipe " + recipe_to_json(plan.recipe).dump());
  for (const std::string& sentence : plan.tried) log.line("tried: " + sentence);
  for (const std::string& sentence : plan.advice) log.line("advice: " + sentence);
  RunFiles files({run.folder, run.model, run.identity, first_pictures(plan, data, 1)}, plan.net);
  std::optional<TrainingEvents> events;
  if (plan.request.session.tensorboard) events.emplace(run.folder, run.state.epoch);
  TrainingRun training = training_of(plan, data, observer, extras);
  training.save = [&](const TrainingState& state) { files.save(state); };
  BusyMachine machine;
  Throttle diagnosis(0);
  training.after_epoch = [&](const TrainingState& state, bool last) {
    log.epoch(state.history.back());
    if (events) events->epoch(state.history.back());
    files.after_epoch(state, last);
    machine.after_epoch();
    const bool told = !run.trouble.empty();
    if (!state.same_answer)
      run.trouble.clear();
    else if (run.trouble.empty() && (last || diagnosis.due()))
      diagnosis.run([&] { run.trouble = trouble_of_net(plan, data); });
    const std::string idle = learned_nothing(state.history, majority_fraction(data, plan.dataset.classes.size()));
    if (const std::string& warning = run.trouble.empty() ? idle : run.trouble; !warning.empty() && !told)
      spdlog::warn("{}", warning);
  };
  try {
    const bool done = all_epochs_done(plan.recipe.train, run.state);
    const TrainingEnd end = done ? TrainingEnd::kDone : train_net(training, run.state);
    files.catch_up(run.state);
    return end;
  } catch (const Error& error) {
    if (error.code() != ExitCode::kInterrupted)
      throw Error(error.what() + what_is_left(plan, run, files), error.code());
    if (plan.ranks) plan.ranks->fail(error.what(), error.code());
    files.catch_up(run.state);
    return TrainingEnd::kInterrupted;
  } catch (const std::exception& error) {
    throw Error(failure_text(error) + what_is_left(plan, run, files));
  }
}

}  // namespace cvtool
