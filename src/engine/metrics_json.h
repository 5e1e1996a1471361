// The figures of a set of outputs as the JSON that eval prints and metrics.json holds.
#pragma once

#include "engine/figures.h"

namespace cvtool {

// {"count", "accuracy" (and "binary_accuracy" for one unit), "loss", "majority_baseline", "per_class": {...},
//  "confusion_matrix": {...}}
Json metrics_json(const Outputs& outputs, const std::vector<std::string>& classes);

}  // namespace cvtool
