// The graph of a classifier, told apart from its last operations: what it is asked for beside probabilities.
#pragma once

#include "onnx/onnx_model.h"

namespace cvtool {

// How logits [N,units] become probabilities [N,K].
enum class OnnxHead {
  kSoftmax,   // of several units
  kOneUnit,   // 1 - p and p of one sigmoid
  kSigmoids,  // each unit's own, as version 0.1.0 had it
};

struct LogitsGraph {
  OnnxModel model;  // its output is the logits; what comes behind them is gone
  OnnxHead head = OnnxHead::kSoftmax;
};

// Throws Error where the graph does not end as cvtool writes a classifier.
LogitsGraph logits_graph(const OnnxModel& model);

}  // namespace cvtool
