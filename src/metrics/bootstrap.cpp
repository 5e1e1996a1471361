#include "metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace cvtool {
namespace {

// How often each image is drawn in one resample.
std::vector<uint8_t> resample(int64_t count, uint64_t seed, int64_t number) {
  Random random(seed, "bootstrap", 0, static_cast<uint64_t>(number));
  std::vector<uint8_t> times(static_cast<size_t>(count), 0);
  for (int64_t i = 0; i < count; ++i) {
    // A product in place of below(): its bias, count / 2^32, is far below the resampling's own noise.
    const uint64_t row = uint64_t{random.bits32()} * static_cast<uint64_t>(count) >> 32;
    if (times[row] < 255) ++times[row];
  }
  return times;
}

// What the cheap metrics need of each image.
struct Rows {
  std::vector<double> log_loss, brier;
  std::vector<Confidence> confidence;
  std::vector<uint8_t> top_5;  // empty with up to 5 classes
};

double weighted_mean(const std::vector<double>& values, const std::vector<uint8_t>& times) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[i] * times[i], total += times[i];
  return sum / total;
}

double resampled_ece(const std::vector<Confidence>& rows, const std::vector<uint8_t>& times) {
  double gap[kCalibrationBins] = {}, total = 0;  // accuracy less confidence, summed in each bin
  for (size_t i = 0; i < rows.size(); ++i) {
    gap[calibration_bin(rows[i].confidence)] += times[i] * ((rows[i].right ? 1 : 0) - rows[i].confidence);
    total += times[i];
  }
  return std::accumulate(std::begin(gap), std::end(gap), 0.0, [](double sum, double g) { return sum + std::abs(g); }) /
         total;
}

ClassCounts resampled_counts(const Predictions& p, const std::vector<int64_t>& predicted,
                             const std::vector<uint8_t>& times) {
  const std::vector<int64_t> zeros(static_cast<size_t>(p.classes), 0);
  ClassCounts counts{0, zeros, zeros, zeros};
  for (size_t i = 0; i < predicted.size(); ++i) {
    const auto label = static_cast<size_t>(p.labels[i]), said = static_cast<size_t>(predicted[i]);
    counts.total += times[i];
    counts.support[label] += times[i];
    counts.predicted[said] += times[i];
    if (label == said) counts.hits[label] += times[i];
  }
  return counts;
}

using Values = std::map<std::string, std::vector<double>>;

void add_averages(Values& values, const std::string& name, const PrecisionRecall& average) {
  values[name + ".precision"].push_back(average.precision);
  values[name + ".recall"].push_back(average.recall);
  values[name + ".f1"].push_back(average.f1);
}

void add_cheap_metrics(Values& values, const ClassCounts& counts, const Rows& rows, const std::vector<uint8_t>& times) {
  values["balanced_accuracy"].push_back(balanced_accuracy(counts));
  values["cohen_kappa"].push_back(cohen_kappa(counts));
  values["mcc"].push_back(matthews_correlation(counts));
  add_averages(values, "macro", macro_average(counts));
  add_averages(values, "weighted", weighted_average(counts));
  values["log_loss"].push_back(weighted_mean(rows.log_loss, times));
  values["brier"].push_back(weighted_mean(rows.brier, times));
  values["ece"].push_back(resampled_ece(rows.confidence, times));
  if (!rows.top_5.empty())
    values["top_5_accuracy"].push_back(weighted_mean({rows.top_5.begin(), rows.top_5.end()}, times));
}

// Class by class, so that only one ranking is held at a time.
void add_ranking_metrics(Values& values, const Predictions& p, const std::vector<std::vector<uint8_t>>& samples) {
  std::vector<double> area(samples.size(), 0), areas(samples.size(), 0), precision(samples.size(), 0),
      precisions(samples.size(), 0);
  for (int64_t k = p.classes == 2 ? 1 : 0; k < p.classes; ++k) {
    const Ranking ranking = ranking_of(p, k);
    for (size_t b = 0; b < samples.size(); ++b) {
      const RankingAreas one = ranking_areas(ranking, samples[b].data());
      if (!std::isnan(one.roc_auc)) area[b] += one.roc_auc, ++areas[b];
      if (!std::isnan(one.average_precision)) precision[b] += one.average_precision, ++precisions[b];
    }
  }
  for (size_t b = 0; b < samples.size(); ++b) {
    values["roc_auc"].push_back(area[b] / areas[b]);
    values["average_precision"].push_back(precision[b] / precisions[b]);
  }
}

}  // namespace

std::map<std::string, Interval> bootstrap_intervals(const Predictions& p, const std::vector<int64_t>& predicted,
                                                    const EvaluationOptions& options) {
  constexpr int64_t kDraws = 50'000'000, kSteps = 1'000'000'000, kKept = 100'000'000, kFewest = 100;
  const int64_t count = p.count();
  const int64_t resamples = std::min(options.resamples, std::max(kFewest, kDraws / count));
  const int64_t affordable = std::min(kSteps / (count * p.classes), kKept / count);
  const int64_t ranked = affordable < std::min(resamples, kFewest) ? 0 : std::min(resamples, affordable);

  Rows rows{log_losses(p), brier_scores(p), confidences(p), {}};
  if (p.classes > 5) rows.top_5 = in_top_k(p, 5);
  Values values;
  std::vector<std::vector<uint8_t>> kept;
  for (int64_t b = 0; b < resamples; ++b) {
    auto times = resample(count, options.seed, b);
    add_cheap_metrics(values, resampled_counts(p, predicted, times), rows, times);
    if (b < ranked) kept.push_back(std::move(times));
  }
  if (ranked > 0) add_ranking_metrics(values, p, kept);
  std::map<std::string, Interval> intervals;
  for (auto& [name, list] : values) intervals[name] = percentile_interval(std::move(list));
  return intervals;
}

}  // namespace cvtool
