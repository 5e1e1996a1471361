// The training loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/observer.h"
#include "train/examples.h"
#include "train/optimizer.h"
#include "train/train_config.h"

namespace cvtool {

// A stretch of epochs in which the same part of the net is trained, from the same kind of examples.
struct TrainingPhase {
  std::unique_ptr<ExampleSource> train;
  std::unique_ptr<ExampleSource> valid;                   // may be null
  std::function<at::Tensor(const at::Tensor& x)> logits;  // the trained part of the net: examples' x -> [N,units]
  std::function<void(bool training)> set_training;        // training or evaluation behaviour of that part
  std::vector<ParameterGroup> groups;                     // what the optimizer changes
};

// A phase that is to come; begin() makes it when its first epoch is reached.
struct PhasePlan {
  int64_t first_epoch = 1;
  std::function<TrainingPhase()> begin;
};

// Everything a run needs. The caller keeps what is pointed at alive.
struct TrainingRun {
  int64_t units = 0;
  TrainConfig config;              // resolved: no "auto", no "0: own value"
  std::vector<PhasePlan> phases;   // by first_epoch, from 1
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;
  Observer* observer = nullptr;
  // Called after every epoch with the net in evaluation mode; report.best says whether it is the best so far.
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
