// 95 % intervals by resampling the images with replacement (Efron, "Bootstrap methods", 1979).
#pragma once

#include <map>
#include <string>

#include "metrics/evaluation_metrics.h"

namespace cvtool {

// Intervals by metric name; macro and weighted averages as "macro.f1" and so on. `predicted` as
// predicted_classes gives it. The resamples depend on the seed and the number of images alone. ROC and
// precision-recall are left out where classes times images are so many that they would take minutes.
std::map<std::string, Interval> bootstrap_intervals(const Predictions& predictions,
                                                    const std::vector<int64_t>& predicted,
                                                    const EvaluationOptions& options);

}  // namespace cvtool
