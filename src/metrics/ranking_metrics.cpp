#include "metrics/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "metrics/class_metrics.h"

namespace cvtool {
namespace {

// Calls step(true positives, false positives) after each group of equal probabilities.
template <class Step>
void walk(const Ranking& ranking, const uint8_t* weights, Step&& step) {
  double correct = 0, misses = 0;
  const size_t count = ranking.rows.size();
  for (size_t i = 0; i < count; ++i) {
    const double weight = weights ? weights[ranking.rows[i]] : 1;
    (ranking.positive[i] ? correct : misses) += weight;
    if (i + 1 == count || !ranking.tied[i + 1]) step(correct, misses);
  }
}

double positives(const Ranking& ranking) {
  return std::accumulate(ranking.positive.begin(), ranking.positive.end(), 0.0);
}

// Adds a point, in place of the last one where that lies on the way to it.
void extend(RankingCurve& curve, double x, double y) {
  const size_t n = curve.x.size();
  if (n >= 2) {
    const double dx = curve.x[n - 1] - curve.x[n - 2], dy = curve.y[n - 1] - curve.y[n - 2];
    if ((dx == 0 && x == curve.x[n - 1]) || (dy == 0 && y == curve.y[n - 1])) {
      curve.x[n - 1] = x, curve.y[n - 1] = y;
      return;
    }
  }
  curve.x.push_back(x), curve.y.push_back(y);
}

ThresholdRow threshold_row(double threshold, const ClassCounts& counts) {
  const auto one = precision_recall_by_class(counts)[1];
  return {threshold, one.precision, one.recall, one.f1, accuracy(counts)};
}

}  // namespace

Ranking ranking_of(const Predictions& p, int64_t k) {
  if (p.labels.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw Error("too many images to rank at once");
  Ranking ranking;
  const size_t count = p.labels.size();
  ranking.rows.resize(count);
  std::iota(ranking.rows.begin(), ranking.rows.end(), 0);
  // Equals in the order of rows: the same everywhere.
  std::sort(ranking.rows.begin(), ranking.rows.end(), [&](int32_t a, int32_t b) {
    const double left = p.probability(a, k), right = p.probability(b, k);
    return left > right || (left == right && a < b);
  });
  ranking.positive.resize(count);
  ranking.tied.resize(count, 0);
  for (size_t i = 0; i < count; ++i) {
    ranking.positive[i] = p.labels[static_cast<size_t>(ranking.rows[i])] == k;
    if (i > 0) ranking.tied[i] = p.probability(ranking.rows[i], k) == p.probability(ranking.rows[i - 1], k);
  }
  return ranking;
}

RankingAreas ranking_areas(const Ranking& ranking, const uint8_t* weights) {
  double last_correct = 0, last_misses = 0, area = 0, precision_sum = 0;
  walk(ranking, weights, [&](double correct, double misses) {
    area += (misses - last_misses) * (correct + last_correct) / 2;
    if (correct > last_correct) precision_sum += (correct - last_correct) * correct / (correct + misses);
    last_correct = correct, last_misses = misses;
  });
  return {last_correct > 0 && last_misses > 0 ? area / (last_correct * last_misses) : kUndefined,
          last_correct > 0 ? precision_sum / last_correct : kUndefined};
}

void AreaMeans::add(const RankingAreas& one) {
  if (!std::isnan(one.roc_auc)) sum_.roc_auc += one.roc_auc, ++with_roc_;
  if (!std::isnan(one.average_precision)) sum_.average_precision += one.average_precision, ++with_precision_;
}

RankingCurve roc_curve(const Ranking& ranking) {
  const double all = positives(ranking), rest = static_cast<double>(ranking.rows.size()) - all;
  RankingCurve curve{{0}, {0}};
  walk(ranking, nullptr, [&](double correct, double misses) {
    extend(curve, rest > 0 ? misses / rest : kUndefined, all > 0 ? correct / all : kUndefined);
  });
  return curve;
}

RankingCurve precision_recall_curve(const Ranking& ranking) {
  const double all = positives(ranking);
  RankingCurve curve{{0}, {1}};
  walk(ranking, nullptr, [&](double correct, double misses) {
    extend(curve, all > 0 ? correct / all : kUndefined, correct / (correct + misses));
  });
  return curve;
}

ThresholdRow at_threshold(const Predictions& predictions, double threshold) {
  return threshold_row(threshold, class_counts(predictions.labels, predicted_classes(predictions, threshold), 2));
}

std::vector<ThresholdRow> threshold_table(const Predictions& predictions) {
  std::vector<ThresholdRow> rows;
  for (int i = 1; i < 20; ++i) rows.push_back(at_threshold(predictions, i / 20.0));
  return rows;
}

ThresholdRow best_f1_threshold(const Predictions& predictions) {
  const Ranking ranking = ranking_of(predictions, 1);
  const double all = positives(ranking);
  double best = -1;
  size_t at = 0;
  double correct = 0;
  for (size_t i = 0; i < ranking.rows.size(); ++i) {
    correct += ranking.positive[i];
    if (i + 1 < ranking.rows.size() && ranking.tied[i + 1]) continue;
    const double f1 = 2 * correct / (all + static_cast<double>(i + 1));
    if (f1 > best) best = f1, at = i;
  }
  return at_threshold(predictions, predictions.probability(ranking.rows[at], 1));
}

}  // namespace cvtool
