#include "report/plot.h"

#include <algorithm>
#include <cmath>

#include "report/ticks.h"

namespace cvtool {
namespace {

constexpr double kLabelPx = 14, kTickPx = 13, kLegendPx = 14;
constexpr double kMargin = 14;   // around a chart
constexpr double kHuge = 1e300;  // values are held below it, so that differences stay finite

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, std::max(value, -kHuge));
    high = std::max(high, std::min(value, kHuge));
  }
  bool empty() const { return low > high; }
};

bool finite(const Series& series, size_t i) { return std::isfinite(series.x[i]) && std::isfinite(series.y[i]); }

bool shown(const Series& series, const PlotScale& scale, size_t i) {
  return finite(series, i) && (!scale.y_log || series.y[i] > 0);
}

// The axis's range: as asked, else the data's with a little room.
Range range_of(const Axis& axis, Range data, double room) {
  if (data.empty()) data.low = 0, data.high = 1;
  if (data.low == data.high) {
    const double half = std::max(std::abs(data.low) * 0.1, axis.whole ? 0.5 : 1e-3);
    data.low -= half;
    data.high += half;
  } else {
    const double more = (data.high / 2 - data.low / 2) * 2 * room;
    data.low -= more;
    data.high += more;
  }
  if (!std::isnan(axis.low)) data.low = axis.low;
  if (!std::isnan(axis.high)) data.high = axis.high;
  if (!(data.high > data.low)) data.high = data.low + 1;
  return data;
}

Range x_data(const Chart& chart) {
  Range range;
  for (const auto& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (finite(series, i)) range.take(series.x[i]);
    }
  }
  for (const auto& bar : chart.bars) range.take(bar.from), range.take(bar.to);
  return range;
}

Range y_data(const Chart& chart) {
  Range range;
  for (const auto& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (finite(series, i)) range.take(series.y[i]);
    }
  }
  for (const auto& bar : chart.bars) range.take(0), range.take(bar.height);
  return range;
}

PlotScale scale_of(const Chart& chart) {
  PlotScale scale;
  const Range x = range_of(chart.x, x_data(chart), 0.02);
  scale.x_low = x.low, scale.x_high = x.high;
  const Range data = y_data(chart);
  scale.y_log = chart.y.may_be_log && !data.empty() && data.low > 0 && data.high / data.low > 1000;
  if (scale.y_log) {
    scale.y_low = std::pow(10, std::floor(std::log10(data.low)));
    scale.y_high = std::min(kHuge, std::pow(10, std::ceil(std::log10(data.high))));
  } else {
    const Range y = range_of(chart.y, data, 0.05);
    scale.y_low = y.low, scale.y_high = y.high;
  }
  return scale;
}

struct LegendEntry {
  std::string name;
  const Series* series;  // null: a mark
};

// Draws the legend's lines from `top` down, as many as it takes; returns where it ends.
double draw_legend(Canvas& canvas, const cv::Rect2d& box, double top, const Chart& chart) {
  std::vector<LegendEntry> entries;
  for (const auto& series : chart.series) {
    if (!series.name.empty()) entries.push_back({series.name, &series});
  }
  for (const auto& mark : chart.fingerprints) {
    if (!mark.name.empty()) entries.push_back({mark.name, nullptr});
  }
  if (entries.empty()) return top;
  constexpr double kSample = 26, kGap = 22, kLine = 22;
  double x = box.x, y = top + kLine / 2;
  for (const auto& entry : entries) {
    const std::string name = canvas.fitted(entry.name, kLegendPx, box.width - kSample - 8);
    const double sample = entry.series ? kSample : 8, wide = sample + 6 + canvas.text_width(name, kLegendPx);
    if (x > box.x && x + wide > box.x + box.width) x = box.x, y += kLine;
    if (entry.series) {
      canvas.path({{x, y}, {x + kSample, y}}, entry.series->ink, entry.series->width_px, entry.series->dash_px);
      if (entry.series->dots) canvas.dot({x + kSample / 2, y}, 3, entry.series->ink);
    } else {
      canvas.path({{x + sample / 2, y - 8}, {x + sample / 2, y + 8}}, kMutedText, 1.2, 3);
    }
    canvas.text(name, {x + sample + 6, y}, {kLegendPx, kText});
    x += wide + kGap;
  }
  return y + kLine / 2;
}

Ticks x_ticks(const Canvas& canvas, const Axis& axis, const PlotScale& scale) {
  if (axis.names.empty())
    return linear_ticks(scale.x_low, scale.x_high, std::max(2, static_cast<int>(scale.area.width / 75)), axis.whole);
  Ticks ticks;
  const double room = std::max(60.0, scale.area.width / (scale.x_high - scale.x_low) - 6);
  for (const auto& name : axis.names) {
    ticks.values.push_back(static_cast<double>(ticks.values.size()));
    ticks.texts.push_back(canvas.fitted(name, kTickPx, room));
  }
  return ticks;
}

void draw_axes(Canvas& canvas, const PlotScale& scale, const Ticks& x, const Ticks& y) {
  const cv::Rect2d& area = scale.area;
  const double bottom = area.y + area.height;
  for (size_t i = 0; i < y.values.size(); ++i) {
    const double at = scale.at(scale.x_low, y.values[i]).y;
    canvas.line({area.x, at}, {area.x + area.width, at}, kGrid, 1);
    canvas.text(y.texts[i], {area.x - 8, at}, {kTickPx, kMutedText, Align::kRight});
  }
  double free_from = -1e9;  // numbers that would touch their neighbour are left out
  for (size_t i = 0; i < x.values.size(); ++i) {
    const double at = scale.at(x.values[i], scale.y_low).x, half = canvas.text_width(x.texts[i], kTickPx) / 2;
    canvas.line({at, area.y}, {at, bottom}, kGrid, 1);
    if (at - half < free_from) continue;
    canvas.text(x.texts[i], {at, bottom + 14}, {kTickPx, kMutedText, Align::kCentre});
    free_from = at + half + 6;
  }
  canvas.line({area.x, bottom}, {area.x + area.width, bottom}, kFrame, 1.2);
  canvas.line({area.x, area.y}, {area.x, bottom}, kFrame, 1.2);
}

// A line's part within the data area (Liang and Barsky, 1984); false when none is.
bool clip(cv::Point2d& a, cv::Point2d& b, const cv::Rect2d& area) {
  double from = 0, to = 1;
  const cv::Point2d d = b - a;
  const auto cut = [&](double step, double room) {
    if (step == 0) return room >= 0;
    (step < 0 ? from = std::max(from, room / step) : to = std::min(to, room / step));
    return from <= to;
  };
  if (!cut(-d.x, a.x - area.x) || !cut(d.x, area.x + area.width - a.x)) return false;
  if (!cut(-d.y, a.y - area.y) || !cut(d.y, area.y + area.height - a.y)) return false;
  b = a + d * to;
  a = a + d * from;
  return true;
}

// The series as joined pieces within the data area; points less than a quarter of a pixel apart become one.
std::vector<std::vector<cv::Point2d>> pieces_of(const PlotScale& scale, const Series& series) {
  std::vector<std::vector<cv::Point2d>> pieces;
  bool joined = false;  // whether the last piece ends at the last point
  for (size_t i = 1; i < series.x.size(); ++i) {
    const bool there = shown(series, scale, i - 1) && shown(series, scale, i);
    cv::Point2d a, b;
    if (there) a = scale.at(series.x[i - 1], series.y[i - 1]), b = scale.at(series.x[i], series.y[i]);
    const cv::Point2d end = b;
    if (!there || !clip(a, b, scale.area)) {
      joined = false;
      continue;
    }
    if (!joined) pieces.push_back({a});
    auto& piece = pieces.back();
    joined = b == end;
    const cv::Point2d step = b - piece.back();
    if (!joined || std::abs(step.x) + std::abs(step.y) > 0.25) piece.push_back(b);
  }
  return pieces;
}

void draw_series(Canvas& canvas, const PlotScale& scale, const Series& series) {
  for (const auto& piece : pieces_of(scale, series)) {
    if (piece.size() == 1) canvas.dot(piece[0], series.width_px / 2, series.ink);
    canvas.path(piece, series.ink, series.width_px, series.dash_px);
  }
  const cv::Rect2d room(scale.area.x - 1, scale.area.y - 1, scale.area.width + 2, scale.area.height + 2);
  const size_t count = series.x.size();
  for (size_t i = 0; i < count; ++i) {
    if (!shown(series, scale, i)) continue;
    const bool alone = (i == 0 || !shown(series, scale, i - 1)) && (i + 1 == count || !shown(series, scale, i + 1));
    const cv::Point2d at = scale.at(series.x[i], series.y[i]);
    if ((alone || series.dots) && room.contains(at)) canvas.dot(at, 3.2, series.ink);
  }
}

void draw_bars(Canvas& canvas, const PlotScale& scale, const Chart& chart) {
  for (const auto& bar : chart.bars) {
    const cv::Point2d a = scale.at(bar.from, bar.height), b = scale.at(bar.to, std::max(0.0, scale.y_low));
    if (!std::isfinite(bar.height) || b.y <= a.y) continue;
    canvas.fill({a.x + 1, a.y, std::max(1.0, b.x - a.x - 2), b.y - a.y}, chart.bar_ink);
  }
}

void draw_data(Canvas& canvas, const PlotScale& scale, const Chart& chart) {
  const cv::Rect2d& area = scale.area;
  if (y_data(chart).empty()) {
    const cv::Point2d middle(area.x + area.width / 2, area.y + area.height / 2);
    canvas.text("no values", middle, {kLabelPx, kMutedText, Align::kCentre});
    return;
  }
  draw_bars(canvas, scale, chart);
  for (const auto& mark : chart.fingerprints) {
    const double at = scale.at(mark.x, scale.y_low).x;
    canvas.path({{at, area.y}, {at, area.y + area.height}}, kMutedText, 1.2, 4);
  }
  for (const auto& series : chart.series) draw_series(canvas, scale, series);
}

// The words beside the axes; `left` is the chart's left edge.
void draw_labels(Canvas& canvas, const PlotScale& scale, const Chart& chart, double left) {
  const cv::Rect2d& area = scale.area;
  const cv::Point2d below(area.x + area.width / 2, area.y + area.height + 38);
  canvas.text(chart.x.label, below, {kLabelPx, kText, Align::kCentre});
  const cv::Point2d beside(left + kMargin + 6, area.y + area.height / 2);
  canvas.text(chart.y.label, beside, {kLabelPx, kText, Align::kCentre, true});
}

}  // namespace

cv::Point2d PlotScale::at(double x, double y) const {
  // Halves first: the difference of two huge values may not be a number.
  const auto fraction = [](double v, double low, double high) { return (v / 2 - low / 2) / (high / 2 - low / 2); };
  const double across = fraction(x, x_low, x_high);
  const double up = y_log ? fraction(std::log10(y), std::log10(y_low), std::log10(y_high)) : fraction(y, y_low, y_high);
  return {area.x + across * area.width, area.y + (1 - up) * area.height};
}

PlotScale draw_chart(Canvas& canvas, const cv::Rect2d& box, const Chart& chart) {
  PlotScale scale = scale_of(chart);
  double top = box.y + kMargin;
  if (!chart.title.empty()) {
    const std::string title = canvas.fitted(chart.title, kTitlePx, box.width - 2 * kMargin);
    canvas.text(title, {box.x + kMargin, top + 11}, {kTitlePx, kText});
    top += 32;
  }
  const double bottom = box.y + box.height - (chart.x.label.empty() ? 32 : 54);
  const int rows = std::max(2, static_cast<int>((bottom - top) / 55));
  const Ticks y = scale.y_log ? log_ticks(scale.y_low, scale.y_high, rows)
                              : linear_ticks(scale.y_low, scale.y_high, rows, chart.y.whole);
  double widest = chart.y_numbers_px;
  for (const auto& text : y.texts) widest = std::max(widest, canvas.text_width(text, kTickPx));
  const double left = box.x + kMargin + (chart.y.label.empty() ? 0 : 24) + widest + 8;
  const double right = box.x + box.width - kMargin - 8;
  top = draw_legend(canvas, {left, top, right - left, 0}, top, chart) + 10;
  scale.area = {left, top, std::max(10.0, right - left), std::max(10.0, bottom - top)};
  draw_axes(canvas, scale, x_ticks(canvas, chart.x, scale), y);
  draw_data(canvas, scale, chart);
  draw_labels(canvas, scale, chart, box.x);
  return scale;
}

}  // namespace cvtool
