// Temperature scaling of a model file.
#pragma once

#include <string>

#include "evaluate/opened_model.h"
#include "evaluate/outputs.h"
#include "spec/results.h"

namespace cvtool {

struct CalibrationResult {
  double factor = 1;  // by which the temperature has changed
  Calibration calibration;
};

// Fits a temperature to what the model says of the validation photos and stores it in the model: its logits and so its
// probabilities change, in eval, predict and every export, and its golden sample is made anew; what it was calibrated
// for by its probabilities (kCoverageKey) goes. The file is replaced. Throws UsageError for a model whose temperature
// cannot be set (an exported one), and as fit_temperature does.
CalibrationResult calibrate(ModelFile& model, const std::string& path, const Outputs& valid);

// Of predictions whose temperature is multiplied by `factor`.
CalibrationChange calibration_change(const Predictions& before, double factor);

// The same predictions at a temperature `factor` times as high; probabilities are those of the distribution.
Predictions tempered(const Predictions& predictions, double factor);

}  // namespace cvtool
