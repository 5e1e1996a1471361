// What the data commands begin with: the photos named on the command line and the rules to read them by.
#pragma once

#include <functional>

#include "base/observer.h"
#include "data/data_origin.h"
#include "data/image.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

struct Looked {
  Dataset dataset;
  DecodeOptions decode;
  DataOrigin origin{};  // where the set need not be one to train on
};

// Finds the photos; logs what was noted about them. `to_train_on`: they must be of two classes and more.
Looked look_at(const LookRequest& request, bool to_train_on = true);

// How a model's recipe finds photos. Folds and groups are of the photos that it was trained on: `path` is told by the
// marks of the model's `info` whether it is those.
DataConfig data_of_model(const Recipe& recipe, const Json& info, const std::string& path);

// The photos of `path` by the classes of a model: find_dataset, which `data` tells them to. Throws UsageError naming
// the model and its classes where those of the photos are others.
Dataset find_dataset_of_model(const std::string& path, const DataConfig& data, uint64_t seed, const std::string& model);

// Shows `phase` to the observer, to which it keeps a reference; throws Error (kInterrupted), which ends with `state`,
// where that asks to stop.
std::function<void(int64_t done, int64_t total)> progress_of(const char* phase, Observer& observer,
                                                             const char* state = "nothing was written");

}  // namespace cvtool
