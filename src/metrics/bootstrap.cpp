#include "metrics/bootstrap.h"

#include <algorithm>

#include "base/random.h"
#include "spec/metric_table.h"

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

// Class by class, so that only one ranking is held at a time.
std::vector<RankingAreas> resampled_areas(const Predictions& p, const std::vector<std::vector<uint8_t>>& samples) {
  std::vector<AreaMeans> means(samples.size());
  for (int64_t k = AreaMeans::first(p.classes); !samples.empty() && k < p.classes; ++k) {
    const Ranking ranking = ranking_of(p, k);
    for (size_t b = 0; b < samples.size(); ++b) means[b].add(ranking_areas(ranking, samples[b].data()));
  }
  std::vector<RankingAreas> areas;
  for (const AreaMeans& one : means) areas.push_back(one.mean());
  return areas;
}

}  // namespace

std::map<std::string, Interval> bootstrap_intervals(const Predictions& p, const ImageScores& images,
                                                    const EvaluationOptions& options) {
  constexpr int64_t kDraws = 50'000'000, kSteps = 1'000'000'000, kKept = 100'000'000, kFewest = 100;
  const int64_t count = p.count();
  const int64_t resamples = std::min(options.resamples, std::max(kFewest, kDraws / count));
  const int64_t affordable = std::min(kSteps / (count * p.classes), kKept / count);
  const int64_t ranked = affordable < std::min(resamples, kFewest) ? 0 : std::min(resamples, affordable);

  std::vector<std::vector<uint8_t>> samples;
  for (int64_t b = 0; b < ranked; ++b) samples.push_back(resample(count, options.seed, b));
  const std::vector<RankingAreas> areas = resampled_areas(p, samples);
  std::map<std::string, std::vector<double>> values;
  for (int64_t b = 0; b < resamples; ++b) {
    const auto at = static_cast<size_t>(b);
    MetricView view = metric_view(images, b < ranked ? samples[at] : resample(count, options.seed, b));
    if (b < ranked) view.areas = areas[at];
    for (const MetricFunction& metric : metric_functions())
      if (metric_kind(metric.name).interval) values[metric.name].push_back(metric.value(view));
  }
  const MetricView all = metric_view(images, std::vector<uint8_t>(images.labels.size(), 1));
  std::map<std::string, Interval> intervals;
  for (const MetricFunction& metric : metric_functions()) {
    const MetricKind& kind = metric_kind(metric.name);
    if (!kind.interval) continue;
    std::vector<double>& list = values[metric.name];
    intervals[metric.name] = kind.biased ? unbiased_interval(std::move(list), metric.value(all), {kind.low, kind.high})
                                         : percentile_interval(std::move(list));
  }
  return intervals;
}

}  // namespace cvtool
