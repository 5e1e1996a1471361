// The pictures of an evaluation.
#pragma once

#include <string>
#include <vector>

#include "metrics/evaluation_metrics.h"

namespace cvtool {

// Writes confusion_matrix.png, roc.png, pr.png and calibration.png into the folder. Holds the curve of one class at a
// time in full; what is drawn keeps no more points than the picture can show.
void write_evaluation_pictures(const std::string& folder, const Predictions& predictions,
                               const EvaluationMetrics& metrics, const std::vector<std::string>& classes);

}  // namespace cvtool
