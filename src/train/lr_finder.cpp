#include "train/lr_finder.h"

#include <ATen/ATen.h>

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
  // The sum of their losses: f64, one number on the run's device.
  at::Tensor loss(const Stepper& stepper) const {
    at::Tensor sum;
    for (const Examples& examples : examples_) {
      const at::Tensor loss = stepper.loss_of(examples, 0) * static_cast<double>(examples.labels.size(0));
      sum = sum.defined() ? sum + loss : loss;
    }
    return sum;
  }
  int64_t count() const { return count_; }

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

double rate_of(int64_t step, int64_t steps) {
  return kLowest * std::pow(kHighest / kLowest, static_cast<double>(step) / static_cast<double>(steps - 1));
}

// What is known of a curve. Of a device that is not waited for that is some steps late, and steps behind its end are
// taken back: they are not part of it.
class GrowingCurve {
 public:
  GrowingCurve(int64_t steps, int64_t photos) : steps_(steps), photos_(static_cast<double>(photos)) {}

  // The sum of the photos' losses after a step. Returns whether the curve goes on, as far as is known.
  bool add(const at::Tensor& summed_loss, int64_t step) {
    late_.add({summed_loss, summed_loss, 1}, step);  // nobody asks for hits
    return !ended_;
  }
  LrCurve finished() {
    late_.fetch();
    curve_.suggested = rounded(steepest_rate(curve_.rates, curve_.losses));
    return curve_;
  }
  // Of the last step that is known; NaN before.
  double loss() const { return curve_.losses.empty() ? std::nan("") : curve_.losses.back(); }

 private:
  void read(double loss, int64_t step) {
    constexpr double kTooHigh = 4;
    ended_ = ended_ || !std::isfinite(loss) || loss > kTooHigh * least_;
    if (ended_) return;
    least_ = std::min(least_, loss);
    curve_.rates.push_back(rate_of(step, steps_));
    curve_.losses.push_back(loss);
  }

  const int64_t steps_;
  const double photos_;
  LrCurve curve_;
  double least_ = std::numeric_limits<double>::infinity();
  bool ended_ = false;
  RunningSums unused_;
  PassSums late_{unused_, [this](double summed, int64_t step) { read(summed / photos_, step); }};
};

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
  TrainingPhase phase = first_with_steps(run);
  phase.set_training(true);
  Stepper stepper(run, phase);
  Batches batches(*phase.train);
  const WatchedPhotos watched(batches, std::min(kWatched, phase.train->size()));
  GrowingCurve growing(steps, watched.count());
  int64_t number = 0;
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < run.config.accumulate; ++i) stepper.add(batches.next(), number++);
    stepper.update(rate_of(step, steps));
    if (!growing.add(watched.loss(stepper), step)) break;
    run.observer->progress({"Trying learning rates", step + 1, steps, growing.loss(), std::nan("")});
    if (run.observer->stop_requested())
      throw Error("interrupted while trying learning rates; nothing was written", ExitCode::kInterrupted);
  }
  const LrCurve curve = growing.finished();
  if (curve.suggested == 0)
    throw Error(
        "no learning rate from 1e-7 to 10 lowers the loss; see whether the labels are right (cvtool data preview)");
  return curve;
}

}  // namespace cvtool
