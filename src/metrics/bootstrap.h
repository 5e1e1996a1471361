// 95 % intervals by resampling the images with replacement (Efron, "Bootstrap methods", 1979).
#pragma once

#include <map>
#include <string>

#include "metrics/evaluation_metrics.h"
#include "metrics/metric_view.h"

namespace cvtool {

// Intervals by the paths of metric_functions. The resamples depend on the seed and the number of images alone. ROC and
// precision-recall are left out where classes times images are so many that they would take minutes.
std::map<std::string, Interval> bootstrap_intervals(const Predictions& predictions, const ImageScores& images,
                                                    const EvaluationOptions& options);

}  // namespace cvtool
