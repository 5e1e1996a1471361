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
  explicit TrainingLoop(const TrainingRun& run) : run_(run), module_(run.module), optimizer_(run.config, trainable(run.module)) {}

  TrainingOutcome run() {
    TrainingOutcome outcome;
    for (int64_t epoch = 1; epoch <= run_.config.epochs && !outcome.interrupted; ++epoch) {
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
  static std::vector<at::Tensor> trainable(const torch::jit::Module& module) {
    std::vector<at::Tensor> out;
    for (const at::Tensor& parameter : module.parameters())
      if (parameter.requires_grad()) out.push_back(parameter);
    return out;
  }

  Progress progress(const std::string& phase, int64_t total, const Tally& tally) const {
    return {phase, tally.samples, total, tally.mean_loss(), tally.accuracy()};
  }

  Tally train_epoch(int64_t epoch, bool& interrupted) {
    module_.train();
    const auto& samples = run_.train->samples();
    Loader loader(*run_.train, shuffled(samples, static_cast<uint64_t>(run_.config.seed), static_cast<uint64_t>(epoch)), run_.config.batch);
    const std::string phase = "Epoch " + std::to_string(epoch) + "/" + std::to_string(run_.config.epochs);
    Tally tally;
    Batch batch;
    while (loader.next(batch)) {
      step(batch, epoch, tally);
      run_.observer->progress(progress(phase, static_cast<int64_t>(samples.size()), tally));
      if (run_.observer->stop_requested()) {
        interrupted = true;
        break;
      }
    }
    return tally;
  }

  void step(const Batch& batch, int64_t epoch, Tally& tally) {
    // Dropout draws from LibTorch's own generator: its state is a function of the step alone.
    at::manual_seed(Random(static_cast<uint64_t>(run_.config.seed), "dropout", 0, static_cast<uint64_t>(optimizer_.steps())).bits64());
    const at::Tensor x = batch.pixels.to(run_.device), labels = batch.labels.to(run_.device);
    at::Tensor logits;
    {
      const Autocast autocast(run_.device, run_.precision);
      logits = module_.get_method("logits")({x}).toTensor();
    }
    const at::Tensor loss = loss_from_logits(run_.config.loss, logits, labels);
    const double value = loss.item<double>();
    check_finite(value, "the loss", epoch);
    loss.backward();
    optimizer_.step(run_.config.lr);
    tally.add(value, hits_from_logits(logits.detach(), labels).item<double>(), labels.size(0));
  }

  void check_finite(double loss, const std::string& what, int64_t epoch) const {
    if (std::isfinite(loss)) return;
    throw Error(what + " became " + (std::isnan(loss) ? "NaN" : "infinite") + " in epoch " + std::to_string(epoch) + ", step " +
                std::to_string(optimizer_.steps() + 1) + "; try a smaller --lr (it was " + Json(run_.config.lr).dump() + ")" +
                (run_.precision == at::kFloat ? "" : ", or --precision fp32"));
  }

  Tally validate() {
    at::NoGradGuard no_grad;
    module_.eval();
    const auto total = static_cast<int64_t>(run_.valid->samples().size());
    Loader loader(*run_.valid, in_order(run_.valid->samples().size()), run_.config.batch);
    Tally tally;
    Batch batch;
    while (loader.next(batch)) {
      const Autocast autocast(run_.device, run_.precision);
      const at::Tensor labels = batch.labels.to(run_.device);
      const at::Tensor logits = module_.get_method("logits")({batch.pixels.to(run_.device)}).toTensor();
      tally.add(loss_from_logits(run_.config.loss, logits, labels).item<double>(), hits_from_logits(logits, labels).item<double>(),
                labels.size(0));
      run_.observer->progress(progress("Validating", total, tally));
    }
    return tally;
  }

  EpochReport validated_report(int64_t epoch, const Tally& train) {
    const std::string accuracy = accuracy_name(run_.units);
    EpochReport report{epoch, run_.config.epochs, {{"loss", train.mean_loss()}, {accuracy, train.accuracy()}}};
    if (run_.valid) {
      const Tally valid = validate();
      check_finite(valid.mean_loss(), "the validation loss", epoch);
      report.values.emplace_back("val_loss", valid.mean_loss());
      report.values.emplace_back("val_" + accuracy, valid.accuracy());
    }
    module_.eval();
    return report;
  }

  bool is_best(const EpochReport& report) {
    const double accuracy = run_.valid ? report.values[3].second : 0;
    const double loss = report.values[run_.valid ? 2 : 0].second;
    const bool better = accuracy > best_accuracy_ || (accuracy == best_accuracy_ && loss < best_loss_);
    if (better) {
      best_accuracy_ = accuracy;
      best_loss_ = loss;
    }
    return better;
  }

  const TrainingRun& run_;
  torch::jit::Module module_;
  Optimizer optimizer_;
  double best_accuracy_ = -1;
  double best_loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace

TrainingOutcome train_net(const TrainingRun& run) { return TrainingLoop(run).run(); }

}  // namespace cvtool
