// Cross-validation: as many trainings as folds.
#pragma once

#include "engine/training/train_once.h"

namespace cvtool {

// `planned` has DataConfig::folds and no fold. Trains a model for each fold, in a run PROJECT/NAME/fold-I each, as the
// command with that --fold alone would; photos are read and features computed once. PROJECT/NAME gets the figures, the
// report and predictions.csv of all photos, each judged by the model that has not seen it. Where a training is
// interrupted the result says so, and the folds before it stay. Throws UsageError for several processes and where the
// name is taken, else as train_once.
TrainResult train_folds(const PlannedTraining& planned, Ranks* ranks, Observer& observer);

}  // namespace cvtool
