#include "train/trainer.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/throttle.h"
#include "model/dead_layer.h"
#include "torch/device.h"
#include "train/schedule.h"
#include "train/shared_work.h"
#include "train/stepper.h"
#include "train/stopping.h"
#include "train/weight_average.h"

namespace cvtool {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

NamedTensors copies_of(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

// Of fewer photos, equal answers tell nothing.
constexpr int64_t kPhotosToCompare = 8;

class TrainingLoop {
 public:
  TrainingLoop(const TrainingRun& run, TrainingState& state) : run_(run), state_(state), average_(run.config.ema) {}

  TrainingEnd run() {
    TrainingEnd end = TrainingEnd::kDone;
    while (state_.epoch <= run_.config.epochs && end == TrainingEnd::kDone) end = one_epoch();
    if (phase_.set_training) phase_.set_training(false);
    return end;
  }

 private:
  TrainingEnd one_epoch() {
    const TimedEpoch timed(run_.profile, state_.epoch);
    enter_phase();
    epoch_start_ = Clock::now();
    TrainingEnd end = train();
    if (end == TrainingEnd::kDone) end = finish_epoch();
    if (state_.batches > 0) {
      state_.seconds += seconds_since(epoch_start_);
      save();
    }
    return end;
  }

  // The phase of the epoch that comes next.
  const PhasePlan* wanted_phase() const {
    const PhasePlan* wanted = nullptr;
    for (const PhasePlan& plan : run_.phases)
      if (plan.first_epoch <= state_.epoch) wanted = &plan;
    return wanted;
  }

  void enter_phase() {
    const PhasePlan* wanted = wanted_phase();
    if (wanted == plan_) return;
    const Timed timed(run_.profile, Spent::kPrepare);
    plan_ = wanted;
    stepper_.reset();
    phase_ = {};  // what the last phase kept in memory goes first
    phase_ = plan_->begin();
    phase_.set_training(true);
    stepper_ = std::make_unique<Stepper>(run_, phase_);
    share_work();
    if (!state_.tensors.empty()) restore();
    average_.follow(phase_.weights, state_.tensors);
    state_.tensors.clear();
    // The snapshots are of the whole net: what was not trained before stands there as it was.
    for (Snapshot* snapshot : {&state_.best, &state_.last})
      for (const auto& [name, weight] : phase_.weights)
        if (snapshot->epoch > 0 && !find_tensor(snapshot->weights, name))
          snapshot->weights.emplace_back(name, weight.detach().clone());
  }

  void share_work() {
    if (!run_.ranks) return;
    if (phase_.train) phase_.train->share(stepper_->share_rule());
    const auto rank = static_cast<int64_t>(run_.ranks->rank()), size = static_cast<int64_t>(run_.ranks->size());
    if (phase_.valid) phase_.valid->deal(rank, size);
  }

  void restore() {
    at::NoGradGuard no_grad;
    for (auto& [name, weight] : phase_.weights) {
      const at::Tensor* kept = find_tensor(state_.tensors, "weights/" + name);
      if (!kept && state_.phase == plan_->first_epoch) throw Error("the checkpoint lacks the net's " + name);
      if (kept && kept->sizes() != weight.sizes())
        throw Error("the checkpoint's " + name + " has another shape than the net's");
      if (kept) weight.detach().copy_(*kept);
    }
    if (state_.phase == plan_->first_epoch) stepper_->restore(state_);
  }

  void save() {
    if (!run_.save) return;
    const Timed timed(run_.profile, Spent::kSave);
    sums_.fetch();
    state_.phase = plan_->first_epoch;
    for (const auto& [name, weight] : phase_.weights) state_.tensors.emplace_back("weights/" + name, weight);
    average_.save(state_.tensors);
    stepper_->save(state_);
    saving_.run([&] { run_.save(state_); });
    state_.tensors.clear();
  }

  // Loss and accuracy are of the batches that are known.
  Progress progress(const std::string& phase, int64_t total, const RunningSums& sums, int64_t samples) const {
    return {phase, samples, total, sums.mean_loss(), sums.accuracy()};
  }

  bool next_batch(Examples& examples) {
    const Timed timed(run_.profile, Spent::kWait);
    return phase_.train->next(examples);
  }

  // The rest of the epoch's batches.
  TrainingEnd train() {
    if (phase_.solve) return solve();
    phase_.set_training(true);
    trim_heap();
    phase_.train->begin(state_.epoch, state_.batches);
    const std::string name = "Epoch " + std::to_string(state_.epoch) + "/" + std::to_string(run_.config.epochs);
    Examples examples;
    int64_t accumulated = 0;
    while (next_batch(examples)) {
      sums_.add(stepper_->add(examples, state_.all_batches), state_.updates + 1);
      last_batch_ = examples;
      ++state_.all_batches;
      run_.observer->progress(progress(name, phase_.train->size(), state_.sums, sums_.samples()));
      if (++accumulated < run_.config.accumulate) continue;
      update(accumulated);
      if (const TrainingEnd end = asked_to_stop(); end != TrainingEnd::kDone) return end;
      if (saving_.seconds_since_last() >= run_.checkpoint_every_s) save();
    }
    if (accumulated > 0) update(accumulated);
    return asked_to_stop();
  }

  // Validation follows, whatever the time limit says: what was solved is worth its epoch.
  TrainingEnd solve() {
    const Timed timed(run_.profile, Spent::kStep);
    state_.sums = phase_.solve();
    average_.start_again();
    state_.lr = 0;
    return TrainingEnd::kDone;
  }

  // Epochs in which heads are solved, before all others.
  double epochs_without_steps() const {
    int64_t epochs = 0;
    for (size_t i = 0; i + 1 < run_.phases.size() && run_.phases[i].solves; ++i)
      epochs = run_.phases[i + 1].first_epoch - 1;
    return static_cast<double>(epochs);
  }

  bool time_is_over() const {
    const double spent_s = seconds_since(start_);
    return (run_.time_limit_s > 0 && spent_s >= run_.time_limit_s) ||
           (run_.budget_s > 0 && spent_s >= run_.budget_s && !state_.history.empty());
  }

  // Of several processes rank 0 looks at the clock, and whoever is asked asks all.
  TrainingEnd asked_to_stop() const {
    const bool keeps_time = !run_.ranks || run_.ranks->is_first();
    TrainingEnd end = TrainingEnd::kDone;
    if (run_.observer->stop_requested())
      end = TrainingEnd::kInterrupted;
    else if (keeps_time && time_is_over())
      end = TrainingEnd::kTimeLimit;
    if (!run_.ranks) return end;
    const Timed timed(run_.profile, Spent::kExchange);
    return static_cast<TrainingEnd>(run_.ranks->largest(static_cast<int64_t>(end)));
  }

  void update(int64_t& accumulated) {
    const int64_t group = run_.config.batch * run_.config.accumulate;
    const double steps = std::ceil(static_cast<double>(phase_.train->size()) / static_cast<double>(group));
    const double done = static_cast<double>(state_.batches / run_.config.accumulate) / steps;
    state_.lr = lr_at(run_.config, {static_cast<double>(state_.epoch - 1) + done, 1 / steps,
                                    plateau_drops(state_.history, run_.config), epochs_without_steps()});
    // What is left between steps is small: threads for it would only wait for each other.
    const OneComputeThread alone;
    stepper_->update(state_.lr);
    average_.update(++state_.updates);
    state_.batches += accumulated;
    accumulated = 0;
  }

  void check_finite(double loss, int64_t step, const std::string& what) const {
    if (std::isfinite(loss)) return;
    throw Error(what + " became " + (std::isnan(loss) ? "NaN" : "infinite") + " in epoch " +
                std::to_string(state_.epoch) + ", step " + std::to_string(step) + "; try a smaller --lr (it was " +
                Json(run_.config.lr).dump() + "), --warmup 1 or --clip-norm 1" +
                (run_.precision == at::kFloat ? "" : ", or --precision fp32"));
  }

  // Validation, the epoch's report and what is kept of it.
  TrainingEnd finish_epoch() {
    sums_.fetch();
    const double seconds = state_.seconds + seconds_since(epoch_start_);
    EpochReport report{state_.epoch,
                       run_.config.epochs,
                       {{"loss", state_.sums.mean_loss()}, {accuracy_name(run_.units), state_.sums.accuracy()}}};
    phase_.set_training(false);
    if (run_.ranks) check_same_weights(phase_.weights, *run_.ranks);
    {
      const WeightAverage::InPlace averaged(average_);
      if (phase_.valid && !validate(report)) return TrainingEnd::kInterrupted;
      if (!phase_.valid) look_for_same_answer();
      state_.last = {state_.epoch, copies_of(phase_.weights)};
    }
    report.values.emplace_back("lr", state_.lr);
    report.values.emplace_back("seconds", state_.seconds + seconds_since(epoch_start_));
    report.values.emplace_back("images_per_second", static_cast<double>(state_.sums.samples) / seconds);
    state_.history.push_back(std::move(report));
    EpochReport& kept = state_.history.back();
    kept.best = last_is_best(state_.history, run_.config.stopping.monitor);
    if (kept.best || run_.config.stopping.monitor == kNoMonitor) state_.best = state_.last;
    ++state_.epoch;
    state_.batches = 0;
    state_.sums = {};
    state_.seconds = 0;
    epoch_start_ = Clock::now();
    return after_epoch();
  }

  TrainingEnd after_epoch() {
    const EpochReport& report = state_.history.back();
    const bool impatient = out_of_patience(state_.history, run_.config.stopping);
    const TrainingEnd end = asked_to_stop();
    const bool last = state_.epoch > run_.config.epochs || impatient;
    // A run whose checkpoint says that all is done has its models too. A phase may begin with long work, in which a run
    // is stopped.
    if (!last && (end != TrainingEnd::kDone || wanted_phase() != plan_ || saving_.due())) save();
    if (run_.after_epoch) {
      const Timed timed(run_.profile, Spent::kSave);
      run_.after_epoch(state_, last);
    }
    if (last) save();
    run_.observer->epoch(report);
    if (last) return impatient && state_.epoch <= run_.config.epochs ? TrainingEnd::kNoImprovement : TrainingEnd::kDone;
    return end;
  }

  // Of the epoch's last batch, where there is no validation.
  void look_for_same_answer() {
    at::NoGradGuard no_grad;
    state_.same_answer = last_batch_.x.defined() && last_batch_.rows_of_batch() >= kPhotosToCompare &&
                         are_rows_equal(stepper_->evaluate(whole_batch(last_batch_, run_.ranks)));
  }

  // In float32, the arithmetic in which the model is then used: these are the metrics that eval gives. False when the
  // observer asked to stop.
  bool validate(EpochReport& report) {
    const Timed timed(run_.profile, Spent::kValidate);
    at::NoGradGuard no_grad;
    trim_heap();
    phase_.valid->begin(state_.epoch);
    RunningSums sums;
    PassSums all(sums, [](double, int64_t) {});
    Examples examples;
    std::vector<at::Tensor> extremes;
    SharedBatches shared;
    bool stop = false;
    while (!stop && phase_.valid->next(examples)) {
      const at::Tensor logits = stepper_->evaluate(examples.x);
      for (const at::Tensor& extreme : {logits.amin({0}), logits.amax({0})}) extremes.push_back(extreme);
      const BatchMetrics metrics{loss_from_logits(run_.config.loss, logits, examples.labels),
                                 correct_from_logits(logits, examples.labels), examples.labels.size(0)};
      if (run_.ranks) shared.add(metrics, extremes);
      all.add(metrics, state_.updates);
      run_.observer->progress(progress("Validating", phase_.valid->size(), sums, all.samples()));
      stop = run_.observer->stop_requested();
    }
    all.fetch();
    if (run_.ranks) stop = !shared.gather(*run_.ranks, stop, sums, extremes);
    if (stop) return false;
    check_finite(sums.mean_loss(), state_.updates + 1, "the validation loss");
    state_.same_answer = sums.samples >= kPhotosToCompare && are_rows_equal(at::stack(extremes));
    report.values.emplace_back("val_loss", sums.mean_loss());
    report.values.emplace_back("val_" + accuracy_name(run_.units), sums.accuracy());
    return true;
  }

  const TrainingRun& run_;
  TrainingState& state_;
  const PhasePlan* plan_ = nullptr;
  TrainingPhase phase_;
  std::unique_ptr<Stepper> stepper_;
  WeightAverage average_;
  // Of the epoch that runs: into state_.sums.
  PassSums sums_{state_.sums, [this](double loss, int64_t step) { check_finite(loss, step, "the loss"); }};
  Examples last_batch_;  // what the phase was given last
  Throttle saving_{0};
  Clock::time_point start_ = Clock::now(), epoch_start_ = start_;
};

}  // namespace

TrainingEnd train_net(const TrainingRun& run, TrainingState& state) { return TrainingLoop(run, state).run(); }

}  // namespace cvtool
