// What a model said about a set of images, and what is right: the input of every evaluation metric. Free of
// LibTorch.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace cvtool {

// What a metric is that these predictions do not define.
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Predictions {
  int64_t classes = 0;                // K, at least 2
  std::vector<double> probabilities;  // [N,K] row-major, as the model returns them
  std::vector<int64_t> labels;        // [N], each in 0 .. K-1
  // [N,K], each row summing to 1, for log loss, Brier score and calibration. Empty: the probabilities are
  // that (two sigmoid units are the case where they are not).
  std::vector<double> distribution;

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
  double probability(int64_t row, int64_t k) const { return probabilities[static_cast<size_t>(row * classes + k)]; }
  const std::vector<double>& as_distribution() const { return distribution.empty() ? probabilities : distribution; }
};

// Throws DataError without rows, and Error for sizes that do not fit, labels outside 0 .. K-1 or a
// probability that is not a number.
void check_predictions(const Predictions& predictions);

// The most probable class of each row, the first of equals. With a threshold (two classes only, else
// UsageError): class 1 where its probability is at least that.
std::vector<int64_t> predicted_classes(const Predictions& predictions, std::optional<double> threshold = {});

// 1 for each row whose label is among the k most probable classes, else 0; of equally probable classes the later one
// comes first, as in scikit-learn's top_k_accuracy_score, which is the mean.
std::vector<uint8_t> in_top_k(const Predictions& predictions, int64_t k);

}  // namespace cvtool
