#include "metrics/predictions.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace cvtool {

void check_predictions(const Predictions& p) {
  if (p.labels.empty()) throw DataError("there is no image to evaluate; choose another split or folder");
  const size_t cells = p.labels.size() * static_cast<size_t>(std::max<int64_t>(0, p.classes));
  if (p.classes < 2 || p.probabilities.size() != cells || (!p.distribution.empty() && p.distribution.size() != cells)) {
    throw Error("predictions of " + std::to_string(p.labels.size()) + " images and " + std::to_string(p.classes) +
                " classes hold " + std::to_string(p.probabilities.size()) + " probabilities");
  }
  for (int64_t label : p.labels) {
    if (label < 0 || label >= p.classes) throw Error("label " + std::to_string(label) + " is not one of the classes");
  }
  for (const auto* values : {&p.probabilities, &p.distribution}) {
    for (double value : *values) {
      if (std::isnan(value))
        throw Error("the model returned a probability that is not a number; its weights are damaged");
    }
  }
}

std::vector<int64_t> predicted_classes(const Predictions& p, std::optional<double> threshold) {
  if (threshold && p.classes != 2) {
    throw UsageError("a threshold needs two classes; this model has " + std::to_string(p.classes));
  }
  std::vector<int64_t> predicted(p.labels.size());
  for (int64_t row = 0; row < p.count(); ++row) {
    const double* first = p.probabilities.data() + row * p.classes;
    predicted[static_cast<size_t>(row)] =
        threshold ? first[1] >= *threshold : std::max_element(first, first + p.classes) - first;
  }
  return predicted;
}

std::vector<uint8_t> in_top_k(const Predictions& p, int64_t k) {
  std::vector<uint8_t> correct(p.labels.size());
  for (int64_t row = 0; row < p.count(); ++row) {
    const int64_t label = p.labels[static_cast<size_t>(row)];
    const double right = p.probability(row, label);
    int64_t before = 0;
    for (int64_t c = 0; c < p.classes; ++c) {
      const double other = p.probability(row, c);
      before += other > right || (other == right && c > label);
    }
    correct[static_cast<size_t>(row)] = before < k;
  }
  return correct;
}

}  // namespace cvtool
