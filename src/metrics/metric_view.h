// Every metric that is one number, as a function of one view of the images: the same for all images and for a resample.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/calibration_metrics.h"
#include "metrics/class_metrics.h"
#include "metrics/ranking_metrics.h"

namespace cvtool {

// What is known of each image, [N].
struct ImageScores {
  int64_t classes = 0;
  std::vector<int64_t> labels, predicted;
  std::vector<double> log_loss, brier;
  std::vector<Confidence> confidence;
  std::vector<uint8_t> top_5;  // the label is among the five most probable classes
};

// `predicted` as predicted_classes gives it.
ImageScores image_scores(const Predictions& predictions, const std::vector<int64_t>& predicted);

// What metrics see of the images, each counted as often as it was drawn.
struct MetricView {
  ClassCounts counts;
  PrecisionRecall macro, weighted;
  double log_loss = 0, brier = 0, top_5 = 0, ece = 0;  // means over the images
  // For the caller to fill in:
  RankingAreas areas{kUndefined, kUndefined};  // see AreaMeans
  std::optional<int64_t> majority;             // see majority_baseline
};

// `times` ([N]): how often each image counts.
MetricView metric_view(const ImageScores& images, const std::vector<uint8_t>& times);

struct MetricFunction {
  const char* name;  // the path in metrics.json: "macro.f1"
  double (*value)(const MetricView& view);
};
const std::vector<MetricFunction>& metric_functions();

}  // namespace cvtool
