// A run whose folder is there: where it writes, and where it goes on from.
#pragma once

#include <memory>
#include <string>

#include "base/file_lock.h"
#include "run/training_data.h"
#include "train/training_state.h"

namespace cvtool {

struct StartedRun {
  std::string folder;
  Json identity;        // all that decides the run's result: see state_to_resume
  Json model;           // what its model files say of themselves, but for epoch, metrics and reference sample
  std::string trouble;  // why the net cannot learn; empty while it can
  std::shared_ptr<const FileLock> lock;  // held while the run is written to
  TrainingState state;                   // fresh, or of the checkpoint that is gone on from

  // The command that goes on with it.
  std::string resume_command() const;
};

// The lock of a run's folder; where the file system has no locks it holds nothing. Throws UsageError where another
// process has it.
std::shared_ptr<const FileLock> lock_run(const std::string& folder);

// Makes the run's folder, or takes that of the run which is resumed, and writes config.json, data.json and
// train_batch.jpg. Throws UsageError where a resumed run is finished or is not the same any more, Error where the
// folder cannot be written.
StartedRun start_run(const TrainPlan& plan, const TrainingData& data);

// True when the state has come to the end of the epochs, or to that of its patience.
bool all_epochs_done(const TrainConfig& config, const TrainingState& state);

}  // namespace cvtool
