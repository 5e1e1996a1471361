#include "datatools/stats.h"

#include <algorithm>
#include <cmath>

namespace cvtool {
namespace {

SplitStats count_split(const Dataset& dataset, const std::string& split) {
  SplitStats stats;
  for (const std::string& name : dataset.classes) stats.counts.emplace_back(name, 0);
  for (const Sample& sample : dataset.split(split)) ++stats.counts[static_cast<size_t>(sample.label)].second;
  stats.photos = static_cast<int64_t>(dataset.split(split).size());
  return stats;
}

void set_baselines(Keyed<SplitStats>& splits) {
  for (auto& [name, split] : splits) {
    // The first split is train where there is one.
    const auto& judge = splits[0].first == "train" ? splits[0].second.counts : split.counts;
    const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto majority = std::max_element(judge.begin(), judge.end(), fewer) - judge.begin();
    split.majority_baseline =
        static_cast<double>(split.counts[static_cast<size_t>(majority)].second) / static_cast<double>(split.photos);
  }
}

SizeRange range_of(std::vector<int64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

void add_colours(DataStats& stats, const std::vector<PhotoFacts>& facts, const std::array<double, 768>& histogram) {
  std::array<double, 3> squares{};
  for (const auto& photo : facts)
    for (size_t c = 0; c < 3; ++c) {
      stats.mean[c] += photo.mean[c];
      squares[c] += photo.mean_square[c];
    }
  const double photos = std::max<double>(1, static_cast<double>(stats.readable));
  for (size_t c = 0; c < 3; ++c) {
    stats.mean[c] /= photos;
    stats.deviation[c] = std::sqrt(std::max(0.0, squares[c] / photos - stats.mean[c] * stats.mean[c]));
    for (size_t i = 0; i < 256; ++i) stats.histogram[c][i] = histogram[256 * c + i] / photos;
  }
}

}  // namespace

DataStats count_dataset(const Dataset& dataset, const ExamineOptions& options) {
  DataStats stats;
  stats.layout = dataset.layout;
  stats.classes = dataset.classes;
  stats.notes = dataset.notes;
  std::vector<std::string> paths;
  for (const char* split : {"train", "valid", "test"}) {
    if (dataset.split(split).empty()) continue;
    stats.splits.emplace_back(split, count_split(dataset, split));
    for (const Sample& sample : dataset.split(split)) paths.push_back(sample_path(dataset.root, sample.path));
  }
  set_baselines(stats.splits);
  std::array<double, 768> histogram{};
  const std::vector<PhotoFacts> facts = examine(paths, options, &histogram);
  std::vector<int64_t> widths, heights;
  for (const auto& photo : facts) {
    if (!photo.unreadable.empty()) continue;
    widths.push_back(photo.width);
    heights.push_back(photo.height);
    stats.sizes.push_back({photo.width, photo.height});
  }
  stats.readable = static_cast<int64_t>(widths.size());
  stats.unreadable = static_cast<int64_t>(facts.size()) - stats.readable;
  stats.width = range_of(std::move(widths));
  stats.height = range_of(std::move(heights));
  add_colours(stats, facts, histogram);
  return stats;
}

}  // namespace cvtool
