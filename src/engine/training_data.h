// The photos that a training run works with.
#pragma once

#include "data/dataset.h"
#include "data/photos.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

struct TrainingData {
  Dataset found;
  OpenedSplit train;  // never empty
  OpenedSplit valid;  // may be empty
};

// Finds the photos, reads every one, says what there is and warns of validation photos that are training photos too.
// Sets recipe.data.classes. Throws DataError where none are left to train on; else as find_dataset and open_split.
TrainingData open_training_data(const TrainRequest& request, Recipe& recipe, Observer& observer);

// What data.json says: {"root", "layout", "classes", "digest", "train", "valid", "notes"}; see split_json.
Json training_data_json(const TrainingData& data);

// The largest class's share of the training photos, 0..1.
double majority_share(const TrainingData& data);

}  // namespace cvtool
