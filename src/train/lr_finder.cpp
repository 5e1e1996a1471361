#include "train/lr_finder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "train/stepper.h"

namespace cvtool {
namespace {

constexpr double kLowest = 1e-7, kHighest = 10;
constexpr int64_t kWatched = 128;  // photos, in whole batches

// Batches without end: epoch after epoch.
class Batches {
 public:
  explicit Batches(ExampleSource& source) : source_(source) {}
  Examples next() {
    Examples examples;
    if (epoch_ == 0 || !source_.next(examples)) {
      source_.begin(++epoch_);
      if (!source_.next(examples)) throw DataError("no photo is left to train on");
    }
    return examples;
  }

 private:
  ExampleSource& source_;
  int64_t epoch_ = 0;
};

// To two digits: more would promise too much.
double rounded(double rate) { return std::stod(significant(rate, 2)); }

// Photos whose loss is looked at after every step, always the same under the same dropout: one batch's loss differs
// from the next one's by more than a small rate changes it.
class WatchedPhotos {
 public:
  WatchedPhotos(Batches& batches, int64_t wanted) {
    for (; count_ < wanted; count_ += examples_.back().labels.size(0)) examples_.push_back(batches.next());
  }
  double loss(const Stepper& stepper) const {
    double sum = 0;
    for (const Examples& examples : examples_)
      sum += stepper.loss_of(examples, 0) * static_cast<double>(examples.labels.size(0));
    return sum / static_cast<double>(count_);
  }

 private:
  std::vector<Examples> examples_;
  int64_t count_ = 0;
};

// How many steps the curve falls, or stays as it is, before it is too high: from there on it shows what the rate has
// broken.
size_t steps_before_rise(const std::vector<double>& losses) {
  constexpr double kNoise = 0.02;  // of the first loss
  double min = losses.empty() ? 0 : losses[0];
  for (size_t i = 0; i < losses.size(); ++i) {
    min = std::min(min, losses[i]);
    if (losses[i] > min + std::max(kNoise * losses[0], (losses[0] - min) / 2)) return i;
  }
  return losses.size();
}

// Behind a head that is solved, as in training.
TrainingPhase first_with_steps(const TrainingRun& run) {
  if (!run.phases.back().solves)
    for (const PhasePlan& plan : run.phases) {
      TrainingPhase phase = plan.begin();
      if (!phase.solve) return phase;
      phase.solve();
    }
  throw UsageError(
      "--find-lr: with --probe and without --fine-tune nothing is trained by a learning rate; leave one out");
}

}  // namespace

double steepest_rate(const std::vector<double>& rates, const std::vector<double>& losses) {
  constexpr size_t kSpan = 3;  // steps to each side
  const size_t end = steps_before_rise(losses);
  double steepest = 0, rate = 0;
  for (size_t i = kSpan; i + kSpan < end; ++i) {
    const double slope = (losses[i + kSpan] - losses[i - kSpan]) / std::log(rates[i + kSpan] / rates[i - kSpan]);
    if (slope < steepest) steepest = slope, rate = rates[i];
  }
  return rate;
}

LrCurve find_lr(const TrainingRun& run, int64_t steps) {
  constexpr double kTooHigh = 4;
  TrainingPhase phase = first_with_steps(run);
  phase.set_training(true);
  Stepper stepper(run, phase);
  Batches batches(*phase.train);
  const WatchedPhotos watched(batches, std::min(kWatched, phase.train->size()));
  LrCurve curve;
  double min = std::numeric_limits<double>::infinity();
  int64_t number = 0;
  for (int64_t step = 0; step < steps; ++step) {
    const double rate =
        kLowest * std::pow(kHighest / kLowest, static_cast<double>(step) / static_cast<double>(steps - 1));
    for (int64_t i = 0; i < run.config.accumulate; ++i) stepper.add(batches.next(), number++);
    stepper.update(rate);
    const double loss = watched.loss(stepper);
    if (!std::isfinite(loss) || loss > kTooHigh * min) break;
    min = std::min(min, loss);
    curve.rates.push_back(rate);
    curve.losses.push_back(loss);
    run.observer->progress({"Trying learning rates", step + 1, steps, loss, std::nan("")});
    if (run.observer->stop_requested())
      throw Error("interrupted while trying learning rates; nothing was written", ExitCode::kInterrupted);
  }
  curve.suggested = rounded(steepest_rate(curve.rates, curve.losses));
  if (curve.suggested == 0)
    throw Error(
        "no learning rate from 1e-7 to 10 lowers the loss; see whether the labels are right (cvtool data preview)");
  return curve;
}

}  // namespace cvtool
