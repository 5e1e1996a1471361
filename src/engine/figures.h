// The figures of a model on a set of photos.
#pragma once

#include <string>

#include "base/json.h"
#include "base/observer.h"
#include "data/loader.h"
#include "model/predictor.h"

namespace cvtool {

// What a model says of every photo of a store.
struct Outputs {
  std::vector<std::string> paths;
  std::vector<int64_t> labels;          // of the data
  std::vector<double> probabilities;    // [N,K], row after row
  int64_t classes = 0;
  double loss = 0;                      // mean
  int64_t correct = 0;
};

// Runs the model over the store in its order.
Outputs outputs_of(const Predictor& predictor, const PhotoStore& store, const std::string& loss, int64_t batch, Observer& observer);

}  // namespace cvtool
