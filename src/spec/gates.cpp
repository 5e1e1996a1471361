#include "spec/gates.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"

namespace cvtool {
namespace {

constexpr size_t kMaxClassesNamed = 20;

// A gate's metric taken apart: "intervals.macro.f1.0" is the lower end of the interval of macro.f1.
struct MetricPath {
  std::string metric;     // "macro.f1"
  int interval_end = -1;  // 0 or 1; -1: the metric itself

  std::string head() const { return metric.substr(0, metric.find('.')); }
  std::string below() const {
    const size_t dot = metric.find('.');
    return dot == std::string::npos ? "" : metric.substr(dot + 1);
  }
};

MetricPath path_of(const std::string& metric) {
  const std::string prefix = "intervals.";
  const size_t last = metric.size() - std::min<size_t>(2, metric.size());
  if (!starts_with(metric, prefix) || (metric.substr(last) != ".0" && metric.substr(last) != ".1")) return {metric, -1};
  return {metric.substr(prefix.size(), last - std::min(last, prefix.size())), metric.back() - '0'};
}

const MetricKind& kind_of(const MetricPath& path, const std::string& place) {
  std::vector<std::string> names;
  for (const auto& kind : metric_kinds()) {
    const bool fits = path.interval_end < 0 || kind.interval;
    if (fits && path.head() == kind.name) return kind;
    if (fits) names.emplace_back(kind.name);
  }
  if (path.head() == "intervals")
    throw UsageError(place + "write intervals.METRIC.0 for the lower end, intervals.METRIC.1 for the upper");
  throw UsageError(place +
                   unknown_word(path.interval_end < 0 ? "metric" : "metric with an interval", path.head(), names));
}

void check_below(const MetricKind& kind, const std::string& below, const std::string& place) {
  const std::vector<std::string>& averages = averaged_metrics();
  const std::string name = kind.name;
  if (kind.below == MetricKind::Below::kNothing && !below.empty())
    throw UsageError(place + name + " has nothing below it; write " + name + "=VALUE");
  if (kind.below == MetricKind::Below::kClasses && below.empty())
    throw UsageError(place + name + " is a value of each class; write " + name +
                     ".CLASS=VALUE, or macro.f1 for a mean over the classes");
  if (kind.below == MetricKind::Below::kAverages &&
      std::find(averages.begin(), averages.end(), below) == averages.end())
    throw UsageError(place + (below.empty() ? "write " + name + ".precision, " + name + ".recall or " + name + ".f1"
                                            : unknown_word("metric", below, averages)));
}

double number_from(const std::string& text, const std::string& place) {
  const Json value = Json::parse(starts_with(text, ".") ? "0" + text : text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_number()) throw UsageError(place + "'" + text + "' is not a number");
  return value.get<double>();
}

std::string range_text(const MetricKind& kind) {
  return std::isinf(kind.high) ? "at least " + number_text(kind.low)
                               : "from " + number_text(kind.low) + " to " + number_text(kind.high);
}

double value_of(const MetricPath& path, const Json& metrics) {
  const bool whole = path.interval_end < 0;
  const Json* value = metric_value(whole ? metrics : metrics.at("intervals"), path.metric);
  // Without enough photos there are no intervals.
  if (value && !whole) value = &value->at(static_cast<size_t>(path.interval_end));
  return value && value->is_number() ? value->get<double>() : std::nan("");
}

}  // namespace

Gate gate_from_text(const std::string& text, const std::string& flag) {
  // A class name may hold '=': the value stands behind the last one.
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    throw UsageError(flag + " " + text + ": write METRIC=VALUE, such as " + flag + " accuracy=0.95");
  const std::string place = flag + " " + text + ": ";
  Gate gate{text.substr(0, equals), flag == "--min", number_from(text.substr(equals + 1), place)};
  const MetricPath path = path_of(gate.metric);
  const MetricKind& kind = kind_of(path, place);
  check_below(kind, path.below(), place);
  if (gate.value < kind.low || gate.value > kind.high)
    throw UsageError(place + kind.name + " can only be " + range_text(kind));
  return gate;
}

void check_gates(const std::vector<Gate>& gates, const std::vector<std::string>& classes) {
  for (const Gate& gate : gates) {
    const std::string place = std::string(gate.min ? "--min " : "--max ") + gate.metric + ": ";
    const MetricPath path = path_of(gate.metric);
    const MetricKind& kind = kind_of(path, place);
    if (!kind.fits(classes.size()))
      throw UsageError(place + "needs " + (kind.needs == MetricKind::Needs::kTwoClasses ? "two" : "more than five") +
                       " classes; this model has " + std::to_string(classes.size()));
    const std::string name = path.below();
    if (kind.below != MetricKind::Below::kClasses || place_of_name(classes, name)) continue;
    if (classes.size() <= kMaxClassesNamed) throw UsageError(place + unknown_word("class", name, classes));
    const std::string near = nearest_word(name, classes);
    throw UsageError(place + "unknown class '" + name + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
}

std::vector<GateResult> judged(const std::vector<Gate>& gates, const Json& metrics) {
  std::vector<GateResult> results;
  for (const Gate& gate : gates) {
    const double value = value_of(path_of(gate.metric), metrics);
    // An undefined metric (NaN) meets nothing.
    results.push_back({gate, value, gate.min ? value >= gate.value : value <= gate.value});
  }
  return results;
}

std::string gate_text(const GateResult& result) {
  const double asked = result.gate.value;
  const MetricPath path = path_of(result.gate.metric);
  const MetricKind& kind = metric_kind(path.metric);
  // Four decimals, unless they would hide the difference.
  const std::string value = std::isnan(result.value)                ? "undefined on these photos"
                            : std::abs(result.value - asked) < 1e-3 ? number_text(result.value)
                                                                    : metric_text(kind, result.value);
  return result.gate.metric + " is " + value + ", at " + (result.gate.min ? "least " : "most ") + number_text(asked) +
         " is asked";
}

}  // namespace cvtool
