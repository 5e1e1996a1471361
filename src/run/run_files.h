// What a training leaves in its run's folder: models, history, curves, checkpoints.
#pragma once

#include <string>

#include "base/json.h"
#include "base/throttle.h"
#include "model/compile.h"
#include "train/training_state.h"

namespace cvtool {

// What the files of one run have in common.
struct RunFacts {
  std::string folder;
  Json model;          // the models' info but for epoch, metrics and golden sample
  Json identity;       // see run/resume.h
  at::Tensor picture;  // [1,3,H,W] u8 of the golden sample
};

class RunFiles {
 public:
  // The net is the one that is trained; it outlives this.
  RunFiles(RunFacts facts, const Net& net) : facts_(std::move(facts)), net_(net) {}

  const std::string& folder() const { return facts_.folder; }

  // Keeps what the run can go on from.
  void save(const TrainingState& state) const;

  // The history at once; models and curves after the first epoch, with the last, and now and then.
  void after_epoch(const TrainingState& state, bool last);

  // Writes the models that are behind the state. Leaves the net as it was.
  void catch_up(const TrainingState& state);

 private:
  void write_model(const std::string& name, const Snapshot& snapshot, const EpochReport& report) const;

  RunFacts facts_;
  Net net_;
  Throttle models_{10};                          // seconds
  int64_t best_written_ = 0, last_written_ = 0;  // epochs
};

}  // namespace cvtool
