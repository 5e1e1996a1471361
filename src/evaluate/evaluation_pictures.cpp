#include "evaluate/evaluation_pictures.h"

#include <cmath>

#include "report/confusion_picture.h"
#include "report/evaluation_plots.h"

namespace cvtool {
namespace {

// Points nearer than this to the one before would fall on the same pixel.
constexpr double kNearest = 1.0 / 1000;

RankingCurve thinned(const RankingCurve& curve) {
  RankingCurve out;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    const bool last = i + 1 == curve.x.size();
    if (!last && !out.x.empty() && std::abs(curve.x[i] - out.x.back()) < kNearest &&
        std::abs(curve.y[i] - out.y.back()) < kNearest)
      continue;
    out.x.push_back(curve.x[i]);
    out.y.push_back(curve.y[i]);
  }
  return out;
}

ClassCurve class_curve(const std::string& name, const RankingCurve& curve, double area) {
  RankingCurve few = thinned(curve);
  return {name, std::move(few.x), std::move(few.y), area};
}

}  // namespace

void write_evaluation_pictures(const std::string& folder, const Predictions& predictions,
                               const EvaluationMetrics& metrics, const std::vector<std::string>& classes) {
  std::vector<ClassCurve> roc, precision_recall;
  for (size_t k = 0; k < classes.size(); ++k) {
    const RankingAreas& areas = metrics.classes[k].areas;
    const Ranking ranking = ranking_of(predictions, static_cast<int64_t>(k));
    // Of two classes one ROC curve is the other one's mirror image.
    if (k > 0 || classes.size() > 2) roc.push_back(class_curve(classes[k], roc_curve(ranking), areas.roc_auc));
    precision_recall.push_back(class_curve(classes[k], precision_recall_curve(ranking), areas.average_precision));
  }
  write_roc_png(folder + "/roc.png", roc);
  write_precision_recall_png(folder + "/pr.png", precision_recall);
  std::vector<ReliabilityBin> bins;
  for (const CalibrationBin& bin : metrics.calibration)
    bins.push_back({bin.low, bin.high, bin.count, bin.mean_confidence, bin.accuracy});
  write_calibration_png(folder + "/calibration.png", bins, metrics.metric("ece").value);
  write_confusion_matrix_png(folder + "/confusion_matrix.png", metrics.confusion, classes);
}

}  // namespace cvtool
