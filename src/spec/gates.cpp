#include "spec/gates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kMostClassesNamed = 20;

// A gate's metric taken apart: "f1.cat" is f1 below which stands cat, "intervals.macro.f1.0" the lower end of the
// interval of macro.f1.
struct MetricPath {
  std::string head, below;
  int interval_end = -1;  // 0 or 1; -1: the metric itself
};

MetricPath path_of(std::string metric) {
  MetricPath path;
  const std::string prefix = "intervals.";
  const size_t last = metric.size() - std::min<size_t>(2, metric.size());
  if (starts_with(metric, prefix) && (metric.substr(last) == ".0" || metric.substr(last) == ".1")) {
    path.interval_end = metric.back() - '0';
    metric = metric.substr(prefix.size(), last - std::min(last, prefix.size()));
  }
  const size_t dot = metric.find('.');
  path.head = metric.substr(0, dot);
  path.below = dot == std::string::npos ? "" : metric.substr(dot + 1);
  return path;
}

const MetricKind& kind_of(const MetricPath& path, const std::string& place) {
  std::vector<std::string> names;
  for (const auto& kind : metric_kinds()) {
    const bool fits = path.interval_end < 0 || kind.interval;
    if (fits && path.head == kind.name) return kind;
    if (fits) names.emplace_back(kind.name);
  }
  if (path.head == "intervals")
    throw UsageError(place + "write intervals.METRIC.0 for the lower end, intervals.METRIC.1 for the upper");
  throw UsageError(place +
                   unknown_word(path.interval_end < 0 ? "metric" : "metric with an interval", path.head, names));
}

void check_below(const MetricKind& kind, const std::string& below, const std::string& place) {
  static const std::vector<std::string> averages{"precision", "recall", "f1"};
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
  return kind.high == kInfinity ? "at least " + number_text(kind.low)
                                : "from " + number_text(kind.low) + " to " + number_text(kind.high);
}

double value_of(const MetricPath& path, const Json& metrics) {
  const Json* value = path.interval_end < 0 ? &metrics : &metrics.at("intervals");
  std::vector<std::string> keys{path.head};
  if (!path.below.empty()) keys.push_back(path.below);
  for (const std::string& key : keys) {
    // Without enough photos there are no intervals.
    if (!value->contains(key)) return std::nan("");
    value = &value->at(key);
  }
  if (path.interval_end >= 0) value = &value->at(static_cast<size_t>(path.interval_end));
  return value->is_number() ? value->get<double>() : std::nan("");
}

}  // namespace

const std::vector<MetricKind>& metric_kinds() {
  using Below = MetricKind::Below;
  using Needs = MetricKind::Needs;
  static const std::vector<MetricKind> kinds{
      {"accuracy", 0, 1, Below::kNothing, Needs::kAny, true},
      {"balanced_accuracy", 0, 1, Below::kNothing, Needs::kAny, true},
      {"cohen_kappa", -1, 1, Below::kNothing, Needs::kAny, true},
      {"mcc", -1, 1, Below::kNothing, Needs::kAny, true},
      {"top_5_accuracy", 0, 1, Below::kNothing, Needs::kMoreThanFive, true},
      {"roc_auc", 0, 1, Below::kNothing, Needs::kAny, true},
      {"average_precision", 0, 1, Below::kNothing, Needs::kAny, true},
      {"loss", 0, kInfinity, Below::kNothing, Needs::kAny, false},
      {"log_loss", 0, kInfinity, Below::kNothing, Needs::kAny, true},
      {"brier", 0, 2, Below::kNothing, Needs::kAny, true},
      {"ece", 0, 1, Below::kNothing, Needs::kAny, true},
      {"majority_baseline", 0, 1, Below::kNothing, Needs::kAny, false},
      {"count", 0, kInfinity, Below::kNothing, Needs::kAny, false},
      {"precision", 0, 1, Below::kClasses, Needs::kAny, false},
      {"recall", 0, 1, Below::kClasses, Needs::kAny, false},
      {"f1", 0, 1, Below::kClasses, Needs::kAny, false},
      {"support", 0, kInfinity, Below::kClasses, Needs::kAny, false},
      {"roc_auc_by_class", 0, 1, Below::kClasses, Needs::kAny, false},
      {"average_precision_by_class", 0, 1, Below::kClasses, Needs::kAny, false},
      {"macro", 0, 1, Below::kAverages, Needs::kAny, true},
      {"weighted", 0, 1, Below::kAverages, Needs::kAny, true},
      {"best_f1_threshold", 0, 1, Below::kAverages, Needs::kTwoClasses, false},
  };
  return kinds;
}

Gate gate_from_text(const std::string& text, const std::string& flag) {
  // A class name may hold '=': the value stands behind the last one.
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    throw UsageError(flag + " " + text + ": write METRIC=VALUE, such as " + flag + " accuracy=0.95");
  const std::string place = flag + " " + text + ": ";
  Gate gate{text.substr(0, equals), flag == "--min", number_from(text.substr(equals + 1), place)};
  const MetricPath path = path_of(gate.metric);
  const MetricKind& kind = kind_of(path, place);
  check_below(kind, path.below, place);
  if (gate.value < kind.low || gate.value > kind.high)
    throw UsageError(place + kind.name + " can only be " + range_text(kind));
  return gate;
}

void check_gates(const std::vector<Gate>& gates, const std::vector<std::string>& classes) {
  for (const Gate& gate : gates) {
    const std::string place = std::string(gate.least ? "--min " : "--max ") + gate.metric + ": ";
    const MetricPath path = path_of(gate.metric);
    const MetricKind& kind = kind_of(path, place);
    if (kind.needs == MetricKind::Needs::kTwoClasses && classes.size() != 2)
      throw UsageError(place + "needs two classes; this model has " + std::to_string(classes.size()));
    if (kind.needs == MetricKind::Needs::kMoreThanFive && classes.size() <= 5)
      throw UsageError(place + "needs more than five classes; this model has " + std::to_string(classes.size()));
    if (kind.below != MetricKind::Below::kClasses ||
        std::find(classes.begin(), classes.end(), path.below) != classes.end())
      continue;
    if (classes.size() <= kMostClassesNamed) throw UsageError(place + unknown_word("class", path.below, classes));
    const std::string near = nearest_word(path.below, classes);
    throw UsageError(place + "unknown class '" + path.below + "'" +
                     (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
}

std::vector<GateResult> judged(const std::vector<Gate>& gates, const Json& metrics) {
  std::vector<GateResult> results;
  for (const Gate& gate : gates) {
    const double value = value_of(path_of(gate.metric), metrics);
    // An undefined metric (NaN) meets nothing.
    results.push_back({gate, value, gate.least ? value >= gate.value : value <= gate.value});
  }
  return results;
}

std::string gate_text(const GateResult& result) {
  const double asked = result.gate.value;
  // Four decimals, unless they would hide the difference.
  const std::string value = std::isnan(result.value)                ? "undefined on these photos"
                            : std::abs(result.value - asked) < 1e-3 ? number_text(result.value)
                                                                    : fixed(result.value, 4);
  return result.gate.metric + " is " + value + ", at " + (result.gate.least ? "least " : "most ") + number_text(asked) +
         " is asked";
}

}  // namespace cvtool
