#include "report/metric_cells.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/html.h"

namespace cvtool {
namespace {

// The value at a path, or null.
Json at_path(const Json& object, const std::string& path) {
  const size_t dot = path.find('.');
  const Json head = object.value(path.substr(0, dot), Json());
  return dot == std::string::npos || !head.is_object() ? head : head.value(path.substr(dot + 1), Json());
}

std::string span(const std::string& path, const Json& value) {
  const std::string text = value.is_number_integer() ? with_thousands(value.get<int64_t>())
                           : value.is_number()       ? fixed(value.get<double>(), 4)
                                                     : "\xE2\x80\x93";
  return "<span data-metric=\"" + html_text(path) + "\">" + text + "</span>";
}

}  // namespace

const std::vector<MetricRow>& metric_rows() {
  static const std::vector<MetricRow> rows{
      {"accuracy", "accuracy", "share of photos that are recognised"},
      {"top_5_accuracy", "top-5 accuracy", "the right class is among the five most probable"},
      {"balanced_accuracy", "balanced accuracy", "mean recall of the classes"},
      {"macro.precision", "macro precision", "mean over the classes"},
      {"macro.recall", "macro recall", "mean over the classes"},
      {"macro.f1", "macro F1", "mean over the classes"},
      {"weighted.precision", "weighted precision", "mean over the classes, by their photos"},
      {"weighted.recall", "weighted recall", "mean over the classes, by their photos"},
      {"weighted.f1", "weighted F1", "mean over the classes, by their photos"},
      {"cohen_kappa", "Cohen's kappa", "agreement beyond chance; 1 is perfect"},
      {"mcc", "MCC", "correlation of true and predicted class; 1 is perfect"},
      {"roc_auc", "ROC AUC", "how well the probabilities rank; 0.5 is guessing"},
      {"average_precision", "average precision", "area below the precision-recall curve"},
      {"loss", "loss", "what training minimises"},
      {"log_loss", "log loss", "surprise at the right class; lower is better"},
      {"brier", "Brier score", "squared distance of the probabilities; lower is better"},
      {"ece", "calibration error", "distance of confidence and accuracy; lower is better"},
      {"majority_baseline", "majority baseline", "accuracy of always naming the most frequent class"},
  };
  return rows;
}

bool has_metric(const Json& metrics, const std::string& path) { return !at_path(metrics, path).is_null(); }

std::string metric_span(const Json& metrics, const std::string& path) { return span(path, at_path(metrics, path)); }

std::string metric_span(const Json& metrics, const std::string& metric, const std::string& class_name) {
  return span(metric + "." + class_name, metrics.at(metric).at(class_name));
}

std::string interval_text(const Json& metrics, const std::string& path) {
  const Json interval = at_path(metrics.value("intervals", Json::object()), path);
  if (!interval.is_array()) return "";
  return fixed(interval.at(0).get<double>(), 4) + " to " + fixed(interval.at(1).get<double>(), 4);
}

}  // namespace cvtool
