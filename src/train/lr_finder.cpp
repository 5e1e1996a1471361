#include "train/lr_finder.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "train/stepper.h"

namespace cvtool {
namespace {

constexpr double kLowest = 1e-7, kHighest = 10;

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
double rounded(double rate) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(2);
  text << rate;
  return std::stod(text.str());
}

}  // namespace

double steepest_rate(const std::vector<double>& rates, const std::vector<double>& losses) {
  const auto least = static_cast<size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  constexpr size_t kSpan = 3;  // steps to each side
  double steepest = 0, rate = 0;
  for (size_t i = kSpan; i + kSpan < losses.size() && i <= least; ++i) {
    const double slope = (losses[i + kSpan] - losses[i - kSpan]) / std::log(rates[i + kSpan] / rates[i - kSpan]);
    if (slope < steepest) steepest = slope, rate = rates[i];
  }
  return rate;
}

LrCurve find_lr(const TrainingRun& run, int64_t steps) {
  constexpr double kMemory = 0.8, kTooHigh = 4;
  TrainingPhase phase = run.phases.front().begin();
  phase.set_training(true);
  Stepper stepper(run, phase);
  Batches batches(*phase.train);
  LrCurve curve;
  double smooth = 0, least = 0;
  int64_t number = 0;
  for (int64_t step = 0; step < steps; ++step) {
    double loss = 0;
    for (int64_t i = 0; i < run.config.accumulate; ++i) loss += stepper.add(batches.next(), number++).loss / static_cast<double>(run.config.accumulate);
    smooth = kMemory * smooth + (1 - kMemory) * loss;
    const double mean = smooth / (1 - std::pow(kMemory, static_cast<double>(step + 1)));
    if (!std::isfinite(mean) || (step > 0 && mean > kTooHigh * least)) break;
    least = step == 0 ? mean : std::min(least, mean);
    const double rate = kLowest * std::pow(kHighest / kLowest, static_cast<double>(step) / static_cast<double>(steps - 1));
    stepper.update(rate);
    curve.rates.push_back(rate);
    curve.losses.push_back(mean);
    run.observer->progress({"Trying learning rates", step + 1, steps, mean, std::nan("")});
    if (run.observer->stop_requested()) throw Error("interrupted while trying learning rates; nothing was written", ExitCode::kInterrupted);
  }
  curve.suggested = rounded(steepest_rate(curve.rates, curve.losses));
  if (curve.suggested == 0) throw Error("no learning rate from 1e-7 to 10 lowers the loss; see whether the labels are right (cvtool data preview)");
  return curve;
}

}  // namespace cvtool
