#include "metrics/metric_view.h"

#include <cmath>
#include <numeric>

namespace cvtool {
namespace {

template <class Number>
double weighted_mean(const std::vector<Number>& values, const std::vector<uint8_t>& times) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[i] * times[i], total += times[i];
  return sum / total;
}

double weighted_ece(const std::vector<Confidence>& images, const std::vector<uint8_t>& times) {
  double gap[kCalibrationBins] = {}, total = 0;  // accuracy less confidence, summed in each bin
  for (size_t i = 0; i < images.size(); ++i) {
    gap[calibration_bin(images[i].confidence)] += times[i] * ((images[i].right ? 1 : 0) - images[i].confidence);
    total += times[i];
  }
  return std::accumulate(std::begin(gap), std::end(gap), 0.0, [](double sum, double g) { return sum + std::abs(g); }) /
         total;
}

}  // namespace

ImageScores image_scores(const Predictions& p, const std::vector<int64_t>& predicted) {
  return {p.classes, p.labels, predicted, log_losses(p), brier_scores(p), confidences(p), in_top_k(p, 5)};
}

MetricView metric_view(const ImageScores& images, const std::vector<uint8_t>& times) {
  MetricView view;
  view.counts = class_counts(images.labels, images.predicted, images.classes, times.data());
  view.macro = macro_average(view.counts);
  view.weighted = weighted_average(view.counts);
  view.log_loss = weighted_mean(images.log_loss, times);
  view.brier = weighted_mean(images.brier, times);
  view.top_5 = weighted_mean(images.top_5, times);
  view.ece = weighted_ece(images.confidence, times);
  return view;
}

const std::vector<MetricFunction>& metric_functions() {
  using View = MetricView;
  static const std::vector<MetricFunction> functions{
      {"accuracy", [](const View& view) { return accuracy(view.counts); }},
      {"balanced_accuracy", [](const View& view) { return balanced_accuracy(view.counts); }},
      {"cohen_kappa", [](const View& view) { return cohen_kappa(view.counts); }},
      {"mcc", [](const View& view) { return matthews_correlation(view.counts); }},
      {"top_5_accuracy", [](const View& view) { return view.top_5; }},
      {"roc_auc", [](const View& view) { return view.areas.roc_auc; }},
      {"average_precision", [](const View& view) { return view.areas.average_precision; }},
      {"log_loss", [](const View& view) { return view.log_loss; }},
      {"brier", [](const View& view) { return view.brier; }},
      {"ece", [](const View& view) { return view.ece; }},
      {"majority_baseline", [](const View& view) { return majority_baseline(view.counts, view.majority); }},
      {"macro.precision", [](const View& view) { return view.macro.precision; }},
      {"macro.recall", [](const View& view) { return view.macro.recall; }},
      {"macro.f1", [](const View& view) { return view.macro.f1; }},
      {"weighted.precision", [](const View& view) { return view.weighted.precision; }},
      {"weighted.recall", [](const View& view) { return view.weighted.recall; }},
      {"weighted.f1", [](const View& view) { return view.weighted.f1; }},
  };
  return functions;
}

}  // namespace cvtool
