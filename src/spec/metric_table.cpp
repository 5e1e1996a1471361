#include "spec/metric_table.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"

namespace cvtool {

bool MetricKind::fits(size_t classes) const {
  return needs == Needs::kAny || (needs == Needs::kTwoClasses ? classes == 2 : classes > 5);
}

const std::vector<MetricKind>& metric_kinds() {
  using Better = MetricKind::Better;
  using Below = MetricKind::Below;
  using Needs = MetricKind::Needs;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr auto kHigher = Better::kHigher, kLower = Better::kLower, kNeither = Better::kNeither;
  constexpr auto kNothing = Below::kNothing, kClasses = Below::kClasses, kAverages = Below::kAverages;
  constexpr auto kAny = Needs::kAny;
  // clang-format off
  static const std::vector<MetricKind> kinds{
      {"accuracy", "accuracy", "fraction of photos that are recognised", 0, 1, kHigher, kNothing, true},
      {"balanced_accuracy", "balanced accuracy", "mean recall of the classes", 0, 1, kHigher, kNothing, true},
      {"top_5_accuracy", "top-5 accuracy", "the right class is among the five most probable",
       0, 1, kHigher, kNothing, true, Needs::kMoreThanFive},
      {"macro", "macro", "mean over the classes", 0, 1, kHigher, kAverages, true},
      {"weighted", "weighted", "mean over the classes, by their photos", 0, 1, kHigher, kAverages, true},
      {"cohen_kappa", "Cohen's kappa", "agreement beyond chance; 1 is perfect", -1, 1, kHigher, kNothing, true},
      {"mcc", "MCC", "correlation of true and predicted class; 1 is perfect", -1, 1, kHigher, kNothing, true},
      {"roc_auc", "ROC AUC", "how well the probabilities rank; 0.5 is guessing", 0, 1, kHigher, kNothing, true},
      {"average_precision", "average precision", "area below the precision-recall curve",
       0, 1, kHigher, kNothing, true},
      {"loss", "loss", "what training minimises", 0, kInfinity, kLower, kNothing},
      {"log_loss", "log loss", "surprise at the right class", 0, kInfinity, kLower, kNothing, true},
      {"brier", "Brier score", "squared distance of the probabilities", 0, 2, kLower, kNothing, true},
      {"ece", "calibration error", "distance of confidence and accuracy", 0, 1, kLower, kNothing, true,
       kAny, false, true},
      {"majority_baseline", "majority baseline", "accuracy of always naming the class most frequent in training",
       0, 1, kNeither, kNothing},
      {"count", "photos", "", 0, kInfinity, kNeither, kNothing, false, kAny, true},
      {"support", "photos", "", 0, kInfinity, kNeither, kClasses, false, kAny, true},
      {"precision", "precision", "", 0, 1, kHigher, kClasses},
      {"recall", "recall", "", 0, 1, kHigher, kClasses},
      {"f1", "F1", "", 0, 1, kHigher, kClasses},
      {"roc_auc_by_class", "ROC AUC", "", 0, 1, kHigher, kClasses},
      {"average_precision_by_class", "average precision", "", 0, 1, kHigher, kClasses},
      {"best_f1_threshold", "best F1", "", 0, 1, kHigher, kAverages, false, Needs::kTwoClasses},
  };
  // clang-format on
  return kinds;
}

const MetricKind& metric_kind(std::string_view path) {
  const std::string_view name = path.substr(0, path.find('.'));
  for (const MetricKind& kind : metric_kinds())
    if (name == kind.name) return kind;
  throw Error("there is no metric '" + std::string(name) + "'");
}

const std::vector<std::string>& averaged_metrics() {
  static const std::vector<std::string> names{"precision", "recall", "f1"};
  return names;
}

const Json* metric_value(const Json& metrics, const std::string& path) {
  const size_t dot = path.find('.');
  const auto head = metrics.find(path.substr(0, dot));
  if (head == metrics.end()) return nullptr;
  if (dot == std::string::npos) return &*head;
  const std::string name = path.substr(dot + 1);
  if (const auto below = head->find(name); below != head->end()) return &*below;
  // The name of a class may be written in another form of Unicode.
  if (head->is_object())
    for (const auto& [key, value] : head->items())
      if (place_of_name({key}, name)) return &value;
  return nullptr;
}

std::string metric_text(const MetricKind& kind, double value) {
  return kind.whole ? with_thousands(std::llround(value)) : fixed(value, 4);
}

std::string interval_text(const Json& metrics, const std::string& path) {
  const auto intervals = metrics.find("intervals");
  const Json* ends = intervals == metrics.end() ? nullptr : metric_value(*intervals, path);
  if (!ends) return "";
  const MetricKind& kind = metric_kind(path);
  return metric_text(kind, ends->at(0).get<double>()) + " to " + metric_text(kind, ends->at(1).get<double>());
}

}  // namespace cvtool
