#include "evaluate/calibrate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "evaluate/known_photos.h"
#include "metrics/calibration_metrics.h"
#include "metrics/temperature.h"

namespace cvtool {
namespace {

constexpr const char* kTemperature = "temperature";

// Softmax does not mind a constant: logarithms of the probabilities serve as logits.
std::vector<double> logits_of(const Predictions& predictions) {
  std::vector<double> logits = predictions.as_distribution();
  for (double& value : logits) value = std::log(std::max(value, 1e-300));
  return logits;
}

double ece_of(const Predictions& predictions) {
  return expected_calibration_error(calibration_bins(confidences(predictions)));
}

double log_loss_of(const Predictions& predictions) {
  const auto losses = log_losses(predictions);
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

}  // namespace

Predictions tempered(const Predictions& predictions, double factor) {
  Predictions out;
  out.classes = predictions.classes;
  out.labels = predictions.labels;
  out.probabilities = logits_of(predictions);
  const auto width = static_cast<size_t>(out.classes);
  for (size_t row = 0; row < out.labels.size(); ++row) {
    double* p = out.probabilities.data() + row * width;
    const double max = *std::max_element(p, p + width);
    for (size_t k = 0; k < width; ++k) p[k] = std::exp((p[k] - max) / factor);
    const double sum = std::accumulate(p, p + width, 0.0);
    for (size_t k = 0; k < width; ++k) p[k] /= sum;
  }
  return out;
}

CalibrationChange calibration_change(const Predictions& before, double factor) {
  const Predictions after = tempered(before, factor);
  return {ece_of(before), ece_of(after), log_loss_of(before), log_loss_of(after)};
}

CalibrationResult calibrate(ModelFile& model, const std::string& path, const Outputs& valid) {
  if (!model.module.hasattr(kTemperature))
    throw UsageError("--calibrate: " + path +
                     " has no temperature that could be set: it was exported, or made by an older cvtool; calibrate "
                     "the run's best.pt, then export it");
  const Predictions& p = valid.predictions;
  const TemperatureFit fit = fit_temperature(logits_of(p), p.labels, p.classes);
  const double temperature = model.module.attr(kTemperature).toDouble() * fit.temperature;
  model.module.setattr(kTemperature, temperature);
  CalibrationResult result{fit.temperature, {kTemperature, temperature, p.count(), {}}};
  result.calibration.splits.emplace_back("valid", calibration_change(p, fit.temperature));
  model.info["calibration"] = result.calibration;
  model.info.erase(kCoverageKey);
  add_golden_sample(model, model.golden);
  save_model(path, model);
  return result;
}

}  // namespace cvtool
