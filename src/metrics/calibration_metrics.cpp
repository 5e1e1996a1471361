#include "metrics/calibration_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cvtool {

std::vector<double> log_losses(const Predictions& p) {
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  std::vector<double> losses(p.labels.size());
  for (size_t row = 0; row < losses.size(); ++row) {
    const double* values = p.as_distribution().data() + row * static_cast<size_t>(p.classes);
    double sum = 0;
    for (int64_t k = 0; k < p.classes; ++k) sum += std::clamp(values[k], kLeast, 1 - kLeast);
    losses[row] = -std::log(std::clamp(values[p.labels[row]], kLeast, 1 - kLeast) / sum);
  }
  return losses;
}

std::vector<double> brier_scores(const Predictions& p) {
  std::vector<double> scores(p.labels.size(), 0);
  for (size_t row = 0; row < scores.size(); ++row) {
    const double* values = p.as_distribution().data() + row * static_cast<size_t>(p.classes);
    for (int64_t k = p.classes == 2 ? 1 : 0; k < p.classes; ++k) {
      const double miss = values[k] - (p.labels[row] == k ? 1 : 0);
      scores[row] += miss * miss;
    }
  }
  return scores;
}

std::vector<Confidence> confidences(const Predictions& p) {
  std::vector<Confidence> result(p.labels.size());
  for (size_t row = 0; row < result.size(); ++row) {
    const double* values = p.as_distribution().data() + row * static_cast<size_t>(p.classes);
    const double* max = std::max_element(values, values + p.classes);
    result[row] = {*max, max - values == p.labels[row]};
  }
  return result;
}

int calibration_bin(double confidence) {
  return std::clamp(static_cast<int>(std::ceil(confidence * kCalibrationBins)) - 1, 0, kCalibrationBins - 1);
}

std::vector<CalibrationBin> calibration_bins(const std::vector<Confidence>& confidences) {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  for (const auto& [confidence, right] : confidences) {
    auto& bin = bins[static_cast<size_t>(calibration_bin(confidence))];
    ++bin.count;
    bin.mean_confidence += confidence;
    bin.accuracy += right;
  }
  for (size_t i = 0; i < bins.size(); ++i) {
    const auto count = static_cast<double>(bins[i].count);  // 0/0 is the NaN that is wanted
    bins[i].low = static_cast<double>(i) / kCalibrationBins;
    bins[i].high = static_cast<double>(i + 1) / kCalibrationBins;
    bins[i].mean_confidence /= count;
    bins[i].accuracy /= count;
  }
  return bins;
}

double expected_calibration_error(const std::vector<CalibrationBin>& bins) {
  double sum = 0, total = 0;
  for (const auto& bin : bins) {
    if (bin.count == 0) continue;
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.mean_confidence);
    total += static_cast<double>(bin.count);
  }
  return total > 0 ? sum / total : 0;
}

}  // namespace cvtool
