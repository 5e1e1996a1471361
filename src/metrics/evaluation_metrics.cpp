#include "metrics/evaluation_metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "metrics/bootstrap.h"

namespace cvtool {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Mean over the classes for which the area is defined; of class 1 alone for two classes.
double mean_area(const std::vector<ClassMetrics>& classes, double RankingAreas::*area) {
  if (classes.size() == 2) return classes[1].areas.*area;
  double sum = 0, defined = 0;
  for (const auto& one : classes) {
    if (!std::isnan(one.areas.*area)) sum += one.areas.*area, ++defined;
  }
  return defined > 0 ? sum / defined : kUndefined;
}

std::vector<ClassMetrics> metrics_by_class(const Predictions& p, const ClassCounts& counts) {
  const auto scores = precision_recall_by_class(counts);
  std::vector<ClassMetrics> classes;
  for (size_t k = 0; k < scores.size(); ++k) {
    classes.push_back({scores[k], counts.support[k], ranking_areas(ranking_of(p, static_cast<int64_t>(k)))});
  }
  return classes;
}

std::vector<Metric> averages(const PrecisionRecall& average) {
  const Interval unknown{kUndefined, kUndefined};
  return {{"precision", average.precision, unknown}, {"recall", average.recall, unknown}, {"f1", average.f1, unknown}};
}

void fill_in(std::vector<Metric>& metrics, const std::string& prefix,
             const std::map<std::string, Interval>& intervals) {
  for (auto& metric : metrics) {
    const auto found = intervals.find(prefix + metric.name);
    if (found != intervals.end()) metric.interval = found->second;
  }
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const ThresholdRow& row) {
  return {{"threshold", number(row.threshold)},
          {"precision", row.precision},
          {"recall", row.recall},
          {"f1", row.f1},
          {"accuracy", row.accuracy}};
}

void add_intervals(Json& object, const std::vector<Metric>& metrics) {
  for (const auto& metric : metrics) {
    if (!std::isnan(metric.interval.low)) object[metric.name] = {metric.interval.low, metric.interval.high};
  }
}

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
  const ClassCounts counts = class_counts(p.labels, predicted, p.classes);
  const Interval unknown{kUndefined, kUndefined};
  EvaluationMetrics result;
  result.classes = metrics_by_class(p, counts);
  result.calibration = calibration_bins(confidences(p));
  result.confusion = confusion_matrix(p.labels, predicted, p.classes);
  result.majority_baseline = majority_baseline(counts);
  for (size_t i = 0; i < predicted.size(); ++i) result.right.push_back(predicted[i] == p.labels[i]);
  const int64_t hits = std::accumulate(counts.hits.begin(), counts.hits.end(), int64_t{0});
  result.metrics = {{"accuracy", accuracy(counts), wilson_interval(hits, counts.total)},
                    {"balanced_accuracy", balanced_accuracy(counts), unknown},
                    {"cohen_kappa", cohen_kappa(counts), unknown},
                    {"mcc", matthews_correlation(counts), unknown}};
  if (p.classes > 5) result.metrics.push_back({"top_5_accuracy", top_k_accuracy(p, 5), unknown});
  const std::vector<Metric> rest = {
      {"roc_auc", mean_area(result.classes, &RankingAreas::roc_auc), unknown},
      {"average_precision", mean_area(result.classes, &RankingAreas::average_precision), unknown},
      {"log_loss", mean(log_losses(p)), unknown},
      {"brier", mean(brier_scores(p)), unknown},
      {"ece", expected_calibration_error(result.calibration), unknown}};
  result.metrics.insert(result.metrics.end(), rest.begin(), rest.end());
  result.macro = averages(macro_average(counts));
  result.weighted = averages(weighted_average(counts));
  if (p.classes == 2) {
    result.thresholds = threshold_table(p);
    result.best_f1 = best_f1_threshold(p);
  }
  if (options.resamples > 0) {
    const auto intervals = bootstrap_intervals(p, predicted, options);
    fill_in(result.metrics, "", intervals);
    fill_in(result.macro, "macro.", intervals);
    fill_in(result.weighted, "weighted.", intervals);
  }
  return result;
}

Json metrics_json(const EvaluationMetrics& m, const std::vector<std::string>& classes) {
  Json json = Json::object();
  for (const auto& metric : m.metrics) json[metric.name] = number(metric.value);
  json["majority_baseline"] = m.majority_baseline;
  for (const char* key : {"precision", "recall", "f1", "support", "roc_auc_by_class", "average_precision_by_class"})
    json[key] = Json::object();
  for (size_t k = 0; k < m.classes.size(); ++k) {
    const auto& one = m.classes[k];
    const std::string& name = classes.at(k);
    json["precision"][name] = one.scores.precision;
    json["recall"][name] = one.scores.recall;
    json["f1"][name] = one.scores.f1;
    json["support"][name] = one.support;
    json["roc_auc_by_class"][name] = number(one.areas.roc_auc);
    json["average_precision_by_class"][name] = number(one.areas.average_precision);
  }
  for (const auto& [key, list] : {std::pair{"macro", &m.macro}, std::pair{"weighted", &m.weighted}}) {
    for (const auto& metric : *list) json[key][metric.name] = number(metric.value);
  }
  if (m.best_f1) json["best_f1_threshold"] = json_of(*m.best_f1);
  for (const auto& row : m.thresholds) json["thresholds"].push_back(json_of(row));
  return json;
}

Json intervals_json(const EvaluationMetrics& m) {
  Json json = Json::object();
  add_intervals(json, m.metrics);
  for (const auto& [key, list] : {std::pair{"macro", &m.macro}, std::pair{"weighted", &m.weighted}}) {
    Json part = Json::object();
    add_intervals(part, *list);
    if (!part.empty()) json[key] = part;
  }
  return json;
}

}  // namespace cvtool
