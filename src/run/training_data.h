// The photos that a training run works with.
#pragma once

#include "data/photos.h"
#include "run/train_plan.h"

namespace cvtool {

struct TrainingData {
  OpenedSplit train;        // never empty
  OpenedSplit valid;        // may be empty
  OpenedSplit calibration;  // the same; what is held back for the finished model

  // What the final metrics are measured on: the validation photos, or the training photos where there are none.
  const OpenedSplit& measured() const { return valid.store ? valid : train; }
};

// Reads every photo of the plan, says what there is and warns of validation photos that are training photos too.
// `told`: that has been said before, of the same photos. Throws as open_split does.
TrainingData open_training_data(const TrainPlan& plan, Observer& observer, bool told = false);

// What data.json says: {"root", "layout", "classes", "digest", "train", "valid", "notes"}, and "calibration" where
// photos are held back; see split_json.
Json training_data_json(const Dataset& dataset, const TrainingData& data);

// The largest class's fraction of the training photos, 0..1.
double majority_fraction(const TrainingData& data, size_t classes);

}  // namespace cvtool
