// Metrics of one class's probability against all others, over every threshold: ROC and precision-recall.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/predictions.h"

namespace cvtool {

// The rows of one class's probabilities, most probable first.
struct Ranking {
  std::vector<int32_t> rows;      // [N]
  std::vector<uint8_t> positive;  // [N] in the order of `rows`: the label is this class
  std::vector<uint8_t> tied;      // [N] in that order: as probable as the row before
};

Ranking ranking_of(const Predictions& predictions, int64_t k);

struct RankingAreas {
  double roc_auc = 0;            // area under the ROC curve; NaN without a positive or without a negative
  double average_precision = 0;  // sum of precision times gain in recall; NaN without a positive
};

// `weights` ([N], how often each row of the predictions counts) may be null: once each.
RankingAreas ranking_areas(const Ranking& ranking, const uint8_t* weights = nullptr);

// Their means over the classes for which they are defined; of class 1 alone for two classes. NaN where there is none.
class AreaMeans {
 public:
  // The first class that counts.
  static int64_t first(int64_t classes) { return classes == 2 ? 1 : 0; }
  void add(const RankingAreas& one);
  RankingAreas mean() const { return {sum_.roc_auc / with_roc_, sum_.average_precision / with_precision_}; }

 private:
  RankingAreas sum_;
  double with_roc_ = 0, with_precision_ = 0;
};

// A curve over falling thresholds. Points that lie on a straight line between their neighbours may be left
// out.
struct RankingCurve {
  std::vector<double> x, y;
};
RankingCurve roc_curve(const Ranking& ranking);  // false positive rate, true positive rate; from (0,0) to (1,1)
RankingCurve precision_recall_curve(const Ranking& ranking);  // recall, precision; from (0,1)

// Two classes: how class 1 fares when it is predicted from this probability on.
struct ThresholdRow {
  double threshold = 0, precision = 0, recall = 0, f1 = 0, accuracy = 0;
};
ThresholdRow at_threshold(const Predictions& predictions, double threshold);
// At 0.05, 0.10, ... 0.95.
std::vector<ThresholdRow> threshold_table(const Predictions& predictions);
// The row with the best F1 of class 1 among all thresholds that occur; the highest of equals.
ThresholdRow best_f1_threshold(const Predictions& predictions);

}  // namespace cvtool
