// Everything a training needs, ready made.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/observer.h"
#include "spec/train_config.h"
#include "train/examples.h"
#include "train/losses.h"
#include "train/optimizer.h"
#include "train/profile.h"
#include "train/training_state.h"

namespace cvtool {

// A stretch of epochs in which the same part of the net is trained, from the same kind of examples.
struct TrainingPhase {
  std::unique_ptr<ExampleSource> train;
  std::unique_ptr<ExampleSource> valid;    // may be null
  std::vector<torch::jit::Module> stages;  // the trained part of the net, one after the other: examples' x -> [N,units]
  bool whole_batches = false;              // what is trained looks at, or draws for, a batch in a way of its own
  std::function<void(bool training)> set_training;  // training or evaluation behaviour of that part
  std::vector<ParameterGroup> groups;               // what the optimizer changes
  // Where it is not empty, an epoch has no steps: this changes what is trained, and gives the epoch's figures. It may
  // throw an Error of kInterrupted.
  std::function<RunningSums()> solve;
  NamedTensors weights;  // all that training changes, by its name in the net: those, and batch statistics
};

// A phase that is to come; begin() makes it when its first epoch is reached, or when a run is resumed in it. It trains
// what the phases before it did, and may train more. begin() may throw an Error of kInterrupted; the state can then be
// gone on from.
struct PhasePlan {
  int64_t first_epoch = 1;
  std::function<TrainingPhase()> begin;
  bool solves = false;  // its phase has TrainingPhase::solve: the schedule of the learning rate begins behind it
};

struct KeptFeatures;

// Where a training leaves more than its results; each may be null.
struct TrainingExtras {
  Profile* profile = nullptr;    // whose time it was
  KeptFeatures* kept = nullptr;  // of the training photos
};

struct TrainingRun {
  int64_t units = 0;
  TrainConfig config;  // resolved: no "auto", no "0: own value"
  TrainingLoss loss;
  std::vector<PhasePlan> phases;  // by first_epoch, from 1
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;  // of training steps; validation is in float32
  double time_limit_s = 0;                // 0: none
  double budget_s = 0;                    // the same, but the first epoch is done first
  double checkpoint_every_s = 600;
  Observer* observer = nullptr;
  Ranks* ranks = nullptr;      // the processes that train together; null: this one alone
  Profile* profile = nullptr;  // null: time is not measured
  // Keeps what the run can go on from.
  std::function<void(const TrainingState& state)> save;
  // Called after every epoch: state.history.back(), state.last and state.best are its results; `last` says that no
  // other follows.
  std::function<void(const TrainingState& state, bool last)> after_epoch;
};

}  // namespace cvtool
