// The metrics of metrics.json, one row each: what gates, pages, tables and the code that computes them know of a
// metric.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct MetricKind {
  const char* name;     // its key in metrics.json
  const char* words;    // as people call it: "macro F1" is "macro" and F1's own words
  const char* meaning;  // what a table of metrics says beside it; "": it stands in no such table
  double low, high;     // the values that it can take
  enum class Better { kHigher, kLower, kNeither } better;
  // What stands below the name: nothing, one value for each class, or precision, recall and f1 ("macro.f1").
  enum class Below { kNothing, kClasses, kAverages } below;
  bool interval = false;  // it has an interval, "intervals.NAME.0" to ".1"
  enum class Needs { kAny, kTwoClasses, kMoreThanFive } needs = Needs::kAny;
  bool whole = false;  // a count, printed as an integer; else with four decimals
  // A sum of absolute values, which every draw of photos makes larger: its interval is moved back by that.
  bool biased = false;

  // Whether it is defined for this number of classes.
  bool fits(size_t classes) const;
};

// In the order in which people read them.
const std::vector<MetricKind>& metric_kinds();

// By a path such as "macro.f1" or "f1.cat". Throws Error where there is no such metric.
const MetricKind& metric_kind(std::string_view path);

// What stands below macro, weighted and best_f1_threshold: precision, recall, f1.
const std::vector<std::string>& averaged_metrics();

// The value at a path in the "metrics" object of metrics.json or in its "intervals", or nullptr; a class's name may
// hold dots.
const Json* metric_value(const Json& metrics, const std::string& path);

// "0.8750" or "1,200".
std::string metric_text(const MetricKind& kind, double value);

// "0.8221 to 0.9138", or "" where the "metrics" object has no interval of it.
std::string interval_text(const Json& metrics, const std::string& path);

}  // namespace cvtool
