#include "train/trainer.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/device.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "train/losses.h"
#include "train/optimizer.h"

namespace cvtool {
namespace {

// Sums over the samples of an epoch; means are weighted by samples, as Keras's are.
struct Tally {
  double loss = 0, hits = 0;
  int64_t samples = 0;
  void add(double batch_loss, double batch_hits, int64_t count) {
    loss += batch_loss * static_cast<double>(count);
    hits += batch_hits;
    samples += count;
  }
  double mean_loss() const { return loss / static_cast<double>(samples); }
  double accuracy() const { return hits / static_cast<double>(samples); }
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class TrainingLoop {
 public:
  explicit TrainingLoop(const TrainingRun& run) : run_(run) {}

  TrainingOutcome run() {
    TrainingOutcome outcome;
    for (int64_t epoch = 1; epoch <= run_.config.epochs && !outcome.interrupted; ++epoch) {
      for (const PhasePlan& plan : run_.phases)
        if (plan.first_epoch == epoch) enter(plan);
      const auto start = std::chrono::steady_clock::now();
      const Tally train = train_epoch(epoch, outcome.interrupted);
      if (outcome.interrupted) break;
      const double seconds = seconds_since(start);
      EpochReport report = validated_report(epoch, train);
      report.best = is_best(report);
      report.values.emplace_back("lr", run_.config.lr);
      report.values.emplace_back("seconds", seconds_since(start));
      report.values.emplace_back("images_per_second", static_cast<double>(train.samples) / seconds);
      if (report.best) outcome.best_epoch = epoch;
      outcome.history.push_back(report);
      if (run_.after_epoch) run_.after_epoch(report);
      run_.observer->epoch(report);
      outcome.interrupted = run_.observer->stop_requested();
    }
    return outcome;
  }

 private:
  void enter(const PhasePlan& plan) {
    phase_ = {};  // what the last phase kept in memory goes first
    phase_ = plan.begin();
    optimizer_ = std::make_unique<Optimizer>(run_.config, phase_.groups);
  }

  Progress progress(const std::string& phase, int64_t total, const Tally& tally) const {
    return {phase, tally.samples, total, tally.mean_loss(), tally.accuracy()};
  }

  Tally train_epoch(int64_t epoch, bool& interrupted) {
    phase_.set_training(true);
    phase_.train->begin(epoch);
    const std::string name = "Epoch " + std::to_string(epoch) + "/" + std::to_string(run_.config.epochs);
    Tally tally;
    Examples examples;
    while (phase_.train->next(examples)) {
      step(examples, epoch, tally);
      run_.observer->progress(progress(name, phase_.train->size(), tally));
      if (run_.observer->stop_requested()) {
        interrupted = true;
        break;
      }
    }
    return tally;
  }

  void step(const Examples& examples, int64_t epoch, Tally& tally) {
    // Dropout draws from LibTorch's own generator: its state is a function of the step alone.
    at::manual_seed(Random(static_cast<uint64_t>(run_.config.seed), "dropout", 0, static_cast<uint64_t>(steps_)).bits64());
    at::Tensor logits;
    {
      const Autocast autocast(run_.device, run_.precision);
      logits = phase_.logits(examples.x);
    }
    const at::Tensor loss = loss_from_logits(run_.config.loss, logits, examples.labels);
    const double value = loss.item<double>();
    check_finite(value, "the loss", epoch);
    loss.backward();
    optimizer_->step(run_.config.lr);
    ++steps_;
    tally.add(value, hits_from_logits(logits.detach(), examples.labels).item<double>(), examples.labels.size(0));
  }

  void check_finite(double loss, const std::string& what, int64_t epoch) const {
    if (std::isfinite(loss)) return;
    throw Error(what + " became " + (std::isnan(loss) ? "NaN" : "infinite") + " in epoch " + std::to_string(epoch) + ", step " +
                std::to_string(steps_ + 1) + "; try a smaller --lr (it was " + Json(run_.config.lr).dump() + ")" +
                (run_.precision == at::kFloat ? "" : ", or --precision fp32"));
  }

  Tally validate(int64_t epoch) {
    at::NoGradGuard no_grad;
    phase_.set_training(false);
    phase_.valid->begin(epoch);
    Tally tally;
    Examples examples;
    while (phase_.valid->next(examples)) {
      const Autocast autocast(run_.device, run_.precision);
      const at::Tensor logits = phase_.logits(examples.x);
      tally.add(loss_from_logits(run_.config.loss, logits, examples.labels).item<double>(),
                hits_from_logits(logits, examples.labels).item<double>(), examples.labels.size(0));
      run_.observer->progress(progress("Validating", phase_.valid->size(), tally));
    }
    return tally;
  }

  EpochReport validated_report(int64_t epoch, const Tally& train) {
    const std::string accuracy = accuracy_name(run_.units);
    EpochReport report{epoch, run_.config.epochs, {{"loss", train.mean_loss()}, {accuracy, train.accuracy()}}};
    if (phase_.valid) {
      const Tally valid = validate(epoch);
      check_finite(valid.mean_loss(), "the validation loss", epoch);
      report.values.emplace_back("val_loss", valid.mean_loss());
      report.values.emplace_back("val_" + accuracy, valid.accuracy());
    }
    phase_.set_training(false);
    return report;
  }

  bool is_best(const EpochReport& report) {
    const double accuracy = phase_.valid ? report.values[3].second : 0;
    const double loss = report.values[phase_.valid ? 2 : 0].second;
    const bool better = accuracy > best_accuracy_ || (accuracy == best_accuracy_ && loss < best_loss_);
    if (better) {
      best_accuracy_ = accuracy;
      best_loss_ = loss;
    }
    return better;
  }

  const TrainingRun& run_;
  TrainingPhase phase_;
  std::unique_ptr<Optimizer> optimizer_;
  int64_t steps_ = 0;
  double best_accuracy_ = -1;
  double best_loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace

TrainingOutcome train_net(const TrainingRun& run) { return TrainingLoop(run).run(); }

}  // namespace cvtool
