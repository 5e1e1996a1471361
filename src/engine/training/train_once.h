// One training from its plan to the figures of its model.
#pragma once

#include "evaluate/evaluation.h"
#include "run/train_plan.h"
#include "search/pace.h"
#include "spec/results.h"

namespace cvtool {

struct PlannedTraining {
  TrainRequest request;  // its backbone is chosen
  TrainPlan plan;        // of the request
};

struct TrainedOnce {
  TrainResult result;
  EvaluationSubject subject;  // what was measured, and what the model said of it; empty where nothing was
  Outputs outputs;
};

// Trains it, after a search where the request leaves open how, into a run's folder. Of several processes (pace.ranks())
// all train, and the first has the result. Throws as the plan, the search and the training do.
TrainedOnce train_once(PlannedTraining planned, const Pace& pace, Observer& observer);

}  // namespace cvtool
