#include <algorithm>

#include "base/text.h"
#include "datatools/stats.h"
#include "report/plot.h"

namespace cvtool {
namespace {

constexpr int kPanelWidth = 480, kPanelHeight = 300;
constexpr size_t kMaxBars = 40, kMaxCounts = 12;

void draw_classes(Canvas& canvas, const cv::Rect2d& box, const DataStats& stats) {
  const size_t shown = std::min(stats.classes.size(), kMaxBars);
  Chart chart;
  chart.title = "photos per class";
  if (shown < stats.classes.size())
    chart.title += " (the " + std::to_string(shown) + " first of " + std::to_string(stats.classes.size()) + ")";
  std::vector<int64_t> counts(shown);
  for (const auto& [name, split] : stats.splits)
    for (size_t i = 0; i < shown; ++i) counts[i] += split.counts[i].second;
  for (size_t i = 0; i < shown; ++i) {
    const auto at = static_cast<double>(i);
    chart.bars.push_back({at - 0.4, at + 0.4, static_cast<double>(counts[i])});
    chart.x.names.push_back(stats.classes[i]);
  }
  chart.x.low = -0.5, chart.x.high = static_cast<double>(shown) - 0.5;
  chart.y.low = 0, chart.y.whole = true;
  const PlotScale scale = draw_chart(canvas, box, chart);
  if (shown > kMaxCounts) return;
  for (size_t i = 0; i < shown; ++i) {
    const cv::Point2d top = scale.at(static_cast<double>(i), static_cast<double>(counts[i]));
    canvas.text(with_thousands(counts[i]), {top.x, top.y - 8}, {13, kText, Align::kCentre});
  }
}

// The outline of bars from 0 to `end` that are `values` high.
Series outline(const std::string& name, const std::vector<double>& values, double end, const Ink& ink) {
  Series series;
  series.name = name;
  series.ink = ink;
  series.width_px = 1.5;
  const double step = end / static_cast<double>(values.size());
  for (size_t i = 0; i < 2 * values.size(); ++i) {
    series.x.push_back(step * static_cast<double>((i + 1) / 2));
    series.y.push_back(values[i / 2]);
  }
  return series;
}

void draw_sizes(Canvas& canvas, const cv::Rect2d& box, const DataStats& stats) {
  constexpr size_t kBins = 60;
  const double max = static_cast<double>(std::max({stats.width.max, stats.height.max, int64_t{1}}));
  std::vector<double> counts[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
  for (const auto& size : stats.sizes)
    for (size_t k = 0; k < 2; ++k) {
      const auto bin = static_cast<size_t>(static_cast<double>(size[k]) / max * static_cast<double>(kBins));
      ++counts[k][std::min(bin, kBins - 1)];
    }
  Chart chart;
  chart.title = "photos by width and height in pixels";
  chart.series = {outline("width", counts[0], max, series_ink(0)), outline("height", counts[1], max, series_ink(1))};
  chart.series[1].dash_px = 4;  // both can be seen where they are the same
  chart.y.low = 0, chart.y.whole = true;
  draw_chart(canvas, box, chart);
}

void draw_colours(Canvas& canvas, const cv::Rect2d& box, const DataStats& stats) {
  constexpr const char* kNames[] = {"red", "green", "blue"};
  constexpr Ink kInks[] = {{196, 78, 82}, {85, 168, 104}, {66, 113, 178}};
  Chart chart;
  chart.title = "% of the pixels by value";
  for (size_t c = 0; c < 3; ++c) {
    std::vector<double> percent;
    for (const double fraction : stats.histogram[c]) percent.push_back(100 * fraction);
    chart.series.push_back(outline(kNames[c], percent, 256, kInks[c]));
  }
  chart.y.low = 0;
  draw_chart(canvas, box, chart);
}

}  // namespace

cv::Mat stats_picture(const DataStats& stats) {
  Canvas canvas(3 * kPanelWidth, kPanelHeight);
  draw_classes(canvas, {0, 0, kPanelWidth, kPanelHeight}, stats);
  draw_sizes(canvas, {kPanelWidth, 0, kPanelWidth, kPanelHeight}, stats);
  draw_colours(canvas, {2 * kPanelWidth, 0, kPanelWidth, kPanelHeight}, stats);
  return canvas.pixels();
}

}  // namespace cvtool
