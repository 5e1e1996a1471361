// Numbers of metrics.json as a page shows them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// The metrics that are numbers of their own, in the order in which people read them.
struct MetricRow {
  const char* path;  // "macro.f1"
  const char* name;  // "macro F1"
  const char* meaning;
};
const std::vector<MetricRow>& metric_rows();

// `metrics` is the object of that name in metrics.json, `path` a name or two with a dot between.
bool has_metric(const Json& metrics, const std::string& path);

// "<span data-metric="macro.f1">0.8750</span>": four decimals, whole numbers whole; a dash where it is undefined.
std::string metric_span(const Json& metrics, const std::string& path);
// The same for a metric's value of one class, whose name may hold dots.
std::string metric_span(const Json& metrics, const std::string& metric, const std::string& class_name);

// "0.8221 to 0.9138", or "" where there is none.
std::string interval_text(const Json& metrics, const std::string& path);

}  // namespace cvtool
