#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "explain/embedding.h"
#include "report/canvas.h"
#include "report/plot.h"

namespace cvtool {
namespace {

constexpr int kWidth = 1000, kHeight = 760;
constexpr size_t kMaxNamed = 12;
constexpr double kLabelPx = 12;

// The dots of a class: a series whose points no line joins.
Series dots_of(const Embedding& embedding, int64_t label) {
  Series series;
  series.name = embedding.classes[static_cast<size_t>(label)];
  series.ink = series_ink(static_cast<size_t>(label));
  const auto point = embedding.projection.points.accessor<double, 2>();
  for (size_t i = 0; i < embedding.labels.size(); ++i) {
    if (embedding.labels[i] != label) continue;
    series.x.insert(series.x.end(), {point[static_cast<int64_t>(i)][0], std::nan("")});
    series.y.insert(series.y.end(), {point[static_cast<int64_t>(i)][1], std::nan("")});
  }
  return series;
}

std::string axis_text(const Embedding& embedding, size_t axis) {
  return (axis == 0 ? "first" : "second") + std::string(" component, ") +
         fixed(100 * embedding.projection.explained[axis], 1) + " % of the variance";
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Names beside their dots, on the side that has room, none over another.
void draw_names(Canvas& canvas, const PlotScale& scale, const Embedding& embedding) {
  const auto point = embedding.projection.points.accessor<double, 2>();
  std::vector<cv::Rect2d> taken;
  for (size_t n = 0; n < std::min(kMaxNamed, embedding.outliers.size()); ++n) {
    const auto row = static_cast<int64_t>(embedding.outliers[n]);
    const cv::Point2d dot = scale.at(point[row][0], point[row][1]);
    const std::string name = canvas.fitted(file_name(embedding.paths[embedding.outliers[n]]), kLabelPx, 220);
    const double wide = canvas.text_width(name, kLabelPx);
    const bool left = dot.x + 8 + wide > kWidth - 8;
    cv::Rect2d box(left ? dot.x - 8 - wide : dot.x + 8, dot.y - kLabelPx / 2, wide, kLabelPx);
    const auto overlaps = [&box](const cv::Rect2d& other) { return (box & other).area() > 0; };
    while (std::any_of(taken.begin(), taken.end(), overlaps) && box.y + 2 * kLabelPx < kHeight - 8) box.y += kLabelPx;
    taken.push_back(box);
    canvas.text(name, {box.x, box.y + kLabelPx / 2}, {kLabelPx});
  }
}

}  // namespace

void write_embedding_picture(const std::string& path, const std::string& title, const Embedding& embedding) {
  Canvas canvas(kWidth, kHeight);
  Chart chart;
  chart.title = title;
  chart.x.label = axis_text(embedding, 0);
  chart.y.label = axis_text(embedding, 1);
  for (size_t label = 0; label < embedding.classes.size(); ++label)
    chart.series.push_back(dots_of(embedding, static_cast<int64_t>(label)));
  const PlotScale scale = draw_chart(canvas, {0, 0, kWidth, kHeight}, chart);
  draw_names(canvas, scale, embedding);
  write_picture(path, canvas);
}

}  // namespace cvtool
