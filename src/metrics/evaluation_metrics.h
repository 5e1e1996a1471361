// Every metric of an evaluation, with 95 % intervals, and their JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "metrics/calibration_metrics.h"
#include "metrics/class_metrics.h"
#include "metrics/ranking_metrics.h"
#include "metrics/significance.h"

namespace cvtool {

struct EvaluationOptions {
  std::optional<double> threshold;  // two classes: class 1 from this probability on; else the most probable class
  int64_t resamples = 1000;         // of the bootstrap; fewer where there are very many images; 0: no intervals
  uint64_t seed = 42;               // of the bootstrap
  std::optional<int64_t> majority;  // the class most frequent in training; else the one most frequent here
};

// A metric, by the path it has in JSON ("macro.f1"). The interval's ends are NaN where there is none.
struct Metric {
  std::string name;
  double value = 0;  // NaN where it is undefined
  Interval interval;
};

struct ClassMetrics {
  PrecisionRecall scores;
  int64_t support = 0;
  RankingAreas areas;  // this class against the rest
};

struct EvaluationMetrics {
  std::vector<Metric> metrics;        // those of metric_functions that this number of classes defines
  std::vector<ClassMetrics> classes;  // [K]
  ConfusionMatrix confusion;
  std::vector<CalibrationBin> calibration;
  std::vector<ThresholdRow> thresholds;  // two classes only
  std::optional<ThresholdRow> best_f1;   // two classes only
  std::vector<uint8_t> right;            // [N] whether each image was recognised; for mcnemar_test

  // The metric of that name in `metrics`; throws Error when there is none.
  const Metric& metric(const std::string& name) const;
};

// Throws as check_predictions and predicted_classes do.
EvaluationMetrics evaluation_metrics(const Predictions& predictions, const EvaluationOptions& options = {});

// The "metrics" object: {"accuracy": ..., "f1": {"cat": ...}, "macro": {"f1": ...}, ...}; undefined values
// are null. `classes` are the K class names.
Json metrics_json(const EvaluationMetrics& metrics, const std::vector<std::string>& classes);

// {"accuracy": [low, high], ..., "macro": {"f1": [low, high]}}: the intervals that are known.
Json intervals_json(const EvaluationMetrics& metrics);

}  // namespace cvtool
