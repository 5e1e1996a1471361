// The metrics of a model on a set of photos.
#pragma once

#include <string>

#include "base/json.h"
#include "base/observer.h"
#include "data/loader.h"
#include "dist/ranks.h"
#include "evaluate/opened_model.h"
#include "metrics/evaluation_metrics.h"

namespace cvtool {

// What a model says of every photo of a store.
struct Outputs {
  std::vector<std::string> paths;
  Predictions predictions;  // labels are the data's
  double loss = 0;          // mean
  DecodeOptions decode;     // how the photos were read
  at::Tensor features;      // [N,D] f32 of EvaluationPass::featured, as compared_features gives them; may be undefined
};

struct EvaluationPass {
  std::string loss;                // see loss_from_logits
  int64_t batch = 64;              // photos per step on a GPU; on the CPU the net decides (Predictor::rows)
  Ranks* ranks = nullptr;          // processes that share the photos; may be null
  std::vector<size_t> featured{};  // rows whose features are wanted too, ascending; of one process alone
};

// Runs the model over the store in its order. Of several processes each runs it over the photos that it has read
// (PhotoStore::own_rows); rank 0 alone gets what there is of all, the others what is empty.
Outputs outputs_of(const PhotoPredictor& predictor, const PhotoStore& store, const EvaluationPass& pass,
                   Observer& observer);

// The metrics as eval prints them: "count", "loss" and what evaluation_metrics found, by class name, with
// "intervals".
Json metrics_document(const Outputs& outputs, const EvaluationMetrics& metrics,
                      const std::vector<std::string>& classes);

}  // namespace cvtool
