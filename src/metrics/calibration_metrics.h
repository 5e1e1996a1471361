// Metrics of the probabilities themselves: log loss, Brier score and calibration. All read the distribution.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/predictions.h"

namespace cvtool {

constexpr int kCalibrationBins = 15;

// -log of the true class's probability, of each row; probabilities are first held in [2.2e-16, 1 - 2.2e-16]
// and rows scaled to sum to 1 (as scikit-learn's log_loss). The metric is the mean.
std::vector<double> log_losses(const Predictions& predictions);

// Squared distance to the truth, of each row: (p - y)^2 of class 1 for two classes (scikit-learn's
// brier_score_loss), the sum over all classes for more (Brier, "Verification of forecasts", 1950). The metric
// is the mean.
std::vector<double> brier_scores(const Predictions& predictions);

// The most probable class of the distribution: how sure, and whether right.
struct Confidence {
  double confidence = 0;  // [0,1]
  bool right = false;
};
std::vector<Confidence> confidences(const Predictions& predictions);

// Which of the 15 bins (0,1/15], (1/15,2/15], ... holds a confidence.
int calibration_bin(double confidence);

struct CalibrationBin {
  double low = 0, high = 0;  // of the confidence
  int64_t count = 0;
  double mean_confidence = 0;  // NaN in an empty bin
  double accuracy = 0;         // NaN in an empty bin
};
std::vector<CalibrationBin> calibration_bins(const std::vector<Confidence>& confidences);

// Mean distance of accuracy and confidence over the bins, weighted by their counts (Guo et al., "On
// calibration of modern neural networks", ICML 2017).
double expected_calibration_error(const std::vector<CalibrationBin>& bins);

}  // namespace cvtool
