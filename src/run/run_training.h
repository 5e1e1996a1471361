// A training whose results go into a run's folder.
#pragma once

#include "run/started_run.h"
#include "train/phases.h"
#include "train/trainer.h"

namespace cvtool {

// What the phases of a training are made of. Keeps references to all.
PhaseInputs phase_inputs(const TrainPlan& plan, const TrainingData& data, Observer& observer,
                         const TrainingExtras& extras = {});

// What is trained and how; where it is saved is left open. Keeps references to all three.
TrainingRun training_of(const TrainPlan& plan, const TrainingData& data, Observer& observer,
                        const TrainingExtras& extras = {});

// Trains from run.state on, which it changes; models, checkpoints, history and log go into the run's folder. A failure
// is thrown with what is left of the run and how to go on; then too the folder holds the models of run.state.
TrainingEnd train_into_folder(const TrainPlan& plan, const TrainingData& data, StartedRun& run, Observer& observer,
                              const TrainingExtras& extras = {});

}  // namespace cvtool
