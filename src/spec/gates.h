// Gates: what a metric must reach for `cvtool eval` to end well. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "spec/metric_table.h"

namespace cvtool {

struct Gate {
  std::string metric;  // "accuracy", "f1.cat", "intervals.accuracy.0"
  bool min = true;     // --min; false: --max
  double value = 0;
};

// "accuracy=0.95" as given to `flag` ("--min" or "--max"). Throws UsageError: not METRIC=VALUE, an unknown metric
// (with the nearest name), a value that the metric cannot take.
Gate gate_from_text(const std::string& text, const std::string& flag);

// What can only be known with the model: throws UsageError for a class that it does not have, and for a metric that
// this number of classes does not give.
void check_gates(const std::vector<Gate>& gates, const std::vector<std::string>& classes);

struct GateResult {
  Gate gate;
  double value = 0;  // NaN: the metric is undefined on these photos
  bool met = false;
};

// `metrics` as metrics_json gives it. The gates must have passed check_gates.
std::vector<GateResult> judged(const std::vector<Gate>& gates, const Json& metrics);

// "accuracy is 0.8750, at least 0.95 is asked".
std::string gate_text(const GateResult& result);

}  // namespace cvtool
