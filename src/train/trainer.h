// The training loop.
#pragma once

#include "train/training_run.h"

namespace cvtool {

enum class TrainingEnd { kDone, kNoImprovement, kTimeLimit, kInterrupted };

// Trains from `state` (fresh, or of a checkpoint) to the end of config.epochs, or until the observer asks to stop,
// config.stopping says so or the time is over; the net is then in evaluation mode. The same run gives the same state,
// bit for bit, whether it was stopped on the way or not. Throws Error when the loss becomes NaN or infinite; state.best
// then holds what was best.
TrainingEnd train_net(const TrainingRun& run, TrainingState& state);

}  // namespace cvtool
