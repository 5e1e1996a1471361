// How photos are best trained on within the minutes that there are, where the user has left it open.
#pragma once

#include "run/training_data.h"
#include "search/pace.h"

namespace cvtool {

// A training that is ready to start.
struct PreparedTraining {
  TrainPlan plan;
  TrainingData data;
};

// `request` is_open, its backbone is named or empty; `found` are its photos. On a frozen backbone the head's optimum,
// by cross-validation within the training photos; then, while it pays by more than one standard error: the backbone's
// own input size, mirrored photos, fine-tuning, and for photos unlike the backbone's a net from scratch, tried on four
// fifths of the training photos and measured on the rest. Validation photos choose nothing. Each step is
// said in a line, and cut off where the minutes of `pace` do not allow it. What comes out is a plan in plain epochs,
// which config.json repeats without looking at the clock, and the seconds that are left for it (TrainPlan::budget_s).
// Several processes (pace.ranks()) search together: rank 0 looks at the clock. Throws as plan_training and
// open_training_data do, and Error (interrupted) when the observer asks to stop.
PreparedTraining search_training(const TrainRequest& request, const Dataset& found, const Pace& pace,
                                 Observer& observer);

}  // namespace cvtool
