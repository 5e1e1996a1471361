// Metrics of predicted against true classes. Each equals scikit-learn's function of the same name; where that
// is undefined (0/0) the value is 0 for precision, recall, F1 and MCC and NaN for kappa, as there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace cvtool {

// All that these metrics need to know: three numbers a class.
struct ClassCounts {
  int64_t total = 0;
  std::vector<int64_t> correct;    // [K] predicted rightly
  std::vector<int64_t> support;    // [K] images of the class
  std::vector<int64_t> predicted;  // [K] images said to be of the class
};

// `times` ([N], how often each image counts) may be null: once each.
ClassCounts class_counts(const std::vector<int64_t>& labels, const std::vector<int64_t>& predicted, int64_t classes,
                         const uint8_t* times = nullptr);

// [K][K]: rows are true classes, columns predicted ones.
using ConfusionMatrix = std::vector<std::vector<int64_t>>;
ConfusionMatrix confusion_matrix(const std::vector<int64_t>& labels, const std::vector<int64_t>& predicted,
                                 int64_t classes);

double accuracy(const ClassCounts& counts);
double balanced_accuracy(const ClassCounts& counts);  // mean recall over the classes that have images
double cohen_kappa(const ClassCounts& counts);
double matthews_correlation(const ClassCounts& counts);
// Accuracy of always naming one class: `majority`, or the most frequent one of these images.
double majority_baseline(const ClassCounts& counts, std::optional<int64_t> majority = {});

struct PrecisionRecall {
  double precision = 0, recall = 0, f1 = 0;
};
std::vector<PrecisionRecall> precision_recall_by_class(const ClassCounts& counts);
// Mean over the classes that occur among labels or predictions.
PrecisionRecall macro_average(const ClassCounts& counts);
// Mean weighted by support.
PrecisionRecall weighted_average(const ClassCounts& counts);

}  // namespace cvtool
