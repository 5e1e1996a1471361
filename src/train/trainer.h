// The training loop.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <string>
#include <vector>

#include "base/observer.h"
#include "data/loader.h"
#include "train/train_config.h"

namespace cvtool {

// Everything a run needs. The caller keeps what is pointed at alive.
struct TrainingRun {
  torch::jit::Module module;            // Net::module; on `device`, weights channels_last; trained in place
  int64_t units = 0;
  TrainConfig config;                   // resolved: no "auto", no "0: own value"
  const PhotoStore* train = nullptr;
  const PhotoStore* valid = nullptr;    // may be null
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;
  Observer* observer = nullptr;
  // Called after every epoch with the module in evaluation mode; report.best says whether it is the best so far.
  std::function<void(const EpochReport& report)> after_epoch;
};

struct TrainingOutcome {
  std::vector<EpochReport> history;
  int64_t best_epoch = 0;    // counted from 1; 0 = none finished
  bool interrupted = false;  // the observer asked to stop
};

// Runs config.epochs epochs. Best is the largest validation accuracy, among equals the smallest validation loss (training
// loss where there is no validation set). Throws Error when the loss becomes NaN or infinite.
TrainingOutcome train_net(const TrainingRun& run);

}  // namespace cvtool
