// Looking for a learning rate (Smith, arXiv 1506.01186): a short training in which the rate grows from step to step.
#pragma once

#include <vector>

#include "train/training_run.h"

namespace cvtool {

struct LrCurve {
  std::vector<double> rates, losses;  // one per step: the rate, and the loss of the same photos after it
  double suggested = 0;               // where the loss falls fastest, to two digits
};

// Trains the run's first phase for up to `steps` steps, from a rate of 1e-7 to 10, until the loss has grown to four
// times its least. The net is spoilt afterwards. Throws Error where no rate lowers the loss, or the observer asks to
// stop.
LrCurve find_lr(const TrainingRun& run, int64_t steps);

// The rate at which a curve falls fastest before it first rises: by half of what it has fallen and by 2 % of its
// beginning. 0 where it does not fall.
double steepest_rate(const std::vector<double>& rates, const std::vector<double>& losses);

}  // namespace cvtool
