// Temperature scaling of a model file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "evaluate/figures.h"
#include "evaluate/opened_model.h"

namespace cvtool {

struct CalibrationResult {
  double factor = 1;  // by which the temperature has changed
  Json json;          // {"method", "temperature", "photos", "valid": see calibration_change}
};

// Fits a temperature to what the model says of the validation photos and stores it in the model: its logits and so its
// probabilities change, in eval, predict and every export, and its golden sample is made anew. The file is replaced.
// Throws UsageError for a model whose temperature cannot be set (an exported one), and as fit_temperature does.
CalibrationResult calibrate(ModelFile& model, const std::string& path, const Outputs& valid);

// {"ece_before", "ece_after", "log_loss_before", "log_loss_after"} of predictions whose temperature is multiplied by
// `factor`.
Json calibration_change(const Predictions& before, double factor);

// The same predictions at a temperature `factor` times as high; probabilities are those of the distribution.
Predictions tempered(const Predictions& predictions, double factor);

}  // namespace cvtool
