#include <algorithm>
#include <cmath>

#include "datatools/stats.h"
#include "report/drawing.h"

namespace cvtool {
namespace {

constexpr int kPanelWidth = 480, kPanelHeight = 300;
constexpr size_t kMostBars = 40;
const cv::Scalar kBlue(66, 113, 178), kOrange(221, 132, 82), kGreen(85, 168, 104), kRed(196, 78, 82);

BarChart chart_of_classes(const DataStats& stats) {
  BarChart chart;
  chart.title = "photos a class";
  chart.unit = "photos";
  chart.colours = {kBlue};
  std::vector<double> counts(stats.classes.size());
  for (const auto& [name, split] : stats.splits)
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += static_cast<double>(split.counts[i].second);
  chart.labels = stats.classes;
  if (counts.size() > kMostBars) {
    chart.title += " (the " + std::to_string(kMostBars) + " first of " + std::to_string(counts.size()) + ")";
    counts.resize(kMostBars);
  }
  if (counts.size() > 12) chart.labels.clear();
  chart.series = {counts};
  return chart;
}

BarChart chart_of_sizes(const DataStats& stats) {
  constexpr size_t kBins = 60;
  BarChart chart;
  chart.title = "width (blue) and height (orange)";
  chart.unit = "photos";
  chart.colours = {kBlue, kOrange};
  chart.series.assign(2, std::vector<double>(kBins));
  const double most = static_cast<double>(std::max({stats.width.most, stats.height.most, int64_t{1}}));
  for (const auto& size : stats.sizes)
    for (size_t k = 0; k < 2; ++k) {
      const auto bin = static_cast<size_t>(static_cast<double>(size[k]) / most * static_cast<double>(kBins));
      ++chart.series[k][std::min(bin, kBins - 1)];
    }
  for (int quarter = 0; quarter <= 4; ++quarter)
    chart.range.push_back(std::to_string(static_cast<int64_t>(most * quarter / 4)) + (quarter == 4 ? " px" : ""));
  return chart;
}

BarChart chart_of_colours(const DataStats& stats) {
  BarChart chart;
  chart.title = "values of red, green and blue";
  chart.unit = "% of the pixels";
  chart.colours = {kRed, kGreen, kBlue};
  chart.range = {"0", "64", "128", "191", "255"};
  for (const auto& channel : stats.histogram) {
    chart.series.emplace_back();
    for (const double share : channel) chart.series.back().push_back(100 * share);
  }
  return chart;
}

}  // namespace

cv::Mat stats_picture(const DataStats& stats) {
  cv::Mat picture(kPanelHeight, 3 * kPanelWidth, CV_8UC3, cv::Scalar::all(255));
  const BarChart charts[] = {chart_of_classes(stats), chart_of_sizes(stats), chart_of_colours(stats)};
  for (int i = 0; i < 3; ++i) draw_bars(picture.colRange(i * kPanelWidth, (i + 1) * kPanelWidth), charts[i]);
  return picture;
}

}  // namespace cvtool
