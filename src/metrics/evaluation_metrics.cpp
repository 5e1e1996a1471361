#include "metrics/evaluation_metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "metrics/bootstrap.h"
#include "metrics/metric_view.h"
#include "spec/metric_table.h"

namespace cvtool {
namespace {

std::vector<ClassMetrics> metrics_by_class(const Predictions& p, const ClassCounts& counts) {
  const auto scores = precision_recall_by_class(counts);
  std::vector<ClassMetrics> classes;
  for (size_t k = 0; k < scores.size(); ++k) {
    classes.push_back({scores[k], counts.support[k], ranking_areas(ranking_of(p, static_cast<int64_t>(k)))});
  }
  return classes;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const ThresholdRow& row) {
  return {{"threshold", number(row.threshold)},
          {"precision", row.precision},
          {"recall", row.recall},
          {"f1", row.f1},
          {"accuracy", row.accuracy}};
}

// The object that holds a metric: the whole, or below it "macro" for "macro.f1".
Json& place_of(Json& whole, const std::string& name) {
  const size_t dot = name.find('.');
  return dot == std::string::npos ? whole[name] : whole[name.substr(0, dot)][name.substr(dot + 1)];
}

struct ClassMetric {
  const char* name;
  Json (*value)(const ClassMetrics& one);
};

const ClassMetric kClassMetrics[] = {
    {"precision", [](const ClassMetrics& one) { return Json(one.scores.precision); }},
    {"recall", [](const ClassMetrics& one) { return Json(one.scores.recall); }},
    {"f1", [](const ClassMetrics& one) { return Json(one.scores.f1); }},
    {"support", [](const ClassMetrics& one) { return Json(one.support); }},
    {"roc_auc_by_class", [](const ClassMetrics& one) { return number(one.areas.roc_auc); }},
    {"average_precision_by_class", [](const ClassMetrics& one) { return number(one.areas.average_precision); }},
};

}  // namespace

const Metric& EvaluationMetrics::metric(const std::string& name) const {
  for (const auto& one : metrics) {
    if (one.name == name) return one;
  }
  throw Error("there is no metric '" + name + "' in this evaluation");
}

EvaluationMetrics evaluation_metrics(const Predictions& p, const EvaluationOptions& options) {
  check_predictions(p);
  const auto predicted = predicted_classes(p, options.threshold);
  const ImageScores images = image_scores(p, predicted);
  MetricView view = metric_view(images, std::vector<uint8_t>(p.labels.size(), 1));
  EvaluationMetrics result;
  result.classes = metrics_by_class(p, view.counts);
  result.calibration = calibration_bins(images.confidence);
  result.confusion = confusion_matrix(p.labels, predicted, p.classes);
  for (size_t i = 0; i < predicted.size(); ++i) result.right.push_back(predicted[i] == p.labels[i]);
  if (p.classes == 2) {
    result.thresholds = threshold_table(p);
    result.best_f1 = best_f1_threshold(p);
  }
  AreaMeans areas;
  for (int64_t k = AreaMeans::first(p.classes); k < p.classes; ++k)
    areas.add(result.classes[static_cast<size_t>(k)].areas);
  view.areas = areas.mean();
  view.majority = options.majority;
  view.ece = expected_calibration_error(result.calibration);  // of the bins that are drawn
  std::map<std::string, Interval> intervals;
  if (options.resamples > 0) intervals = bootstrap_intervals(p, images, options);
  const int64_t correct = std::accumulate(view.counts.correct.begin(), view.counts.correct.end(), int64_t{0});
  intervals["accuracy"] = wilson_interval(correct, view.counts.total);
  for (const MetricFunction& metric : metric_functions()) {
    if (!metric_kind(metric.name).fits(result.classes.size())) continue;
    const auto known = intervals.find(metric.name);
    result.metrics.push_back(
        {metric.name, metric.value(view), known == intervals.end() ? Interval{kUndefined, kUndefined} : known->second});
  }
  return result;
}

Json metrics_json(const EvaluationMetrics& m, const std::vector<std::string>& classes) {
  Json json = Json::object();
  const auto add = [&](bool averages) {
    for (const Metric& metric : m.metrics)
      if ((metric.name.find('.') != std::string::npos) == averages) place_of(json, metric.name) = number(metric.value);
  };
  add(/*averages=*/false);
  for (const ClassMetric& metric : kClassMetrics) {
    json[metric.name] = Json::object();
    for (size_t k = 0; k < m.classes.size(); ++k) json[metric.name][classes.at(k)] = metric.value(m.classes[k]);
  }
  add(/*averages=*/true);
  if (m.best_f1) json["best_f1_threshold"] = json_of(*m.best_f1);
  for (const auto& row : m.thresholds) json["thresholds"].push_back(json_of(row));
  return json;
}

Json intervals_json(const EvaluationMetrics& m) {
  Json json = Json::object();
  for (const Metric& metric : m.metrics)
    if (!std::isnan(metric.interval.low))
      place_of(json, metric.name) = Json::array({metric.interval.low, metric.interval.high});
  return json;
}

}  // namespace cvtool
