#include "report/drawing.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/text.h"

namespace cvtool {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
const cv::Scalar kInk(50, 50, 50), kAxis(150, 150, 150);

int text_width(const std::string& text, double scale) {
  int below = 0;
  return cv::getTextSize(text, kFont, scale, 1, &below).width;
}

// One '?' for each letter beyond ASCII, ' ' for control characters.
std::string drawable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) out += c;
    if (byte < 0x20 || byte == 0x7f) out += ' ';
    if (byte >= 0xc0) out += '?';
  }
  return out;
}

std::string number_text(double value, const std::string& unit) {
  const std::string number = value == static_cast<double>(static_cast<int64_t>(value))
                                 ? with_thousands(static_cast<int64_t>(value))
                                 : fixed(value, 1);
  return unit.empty() ? number : number + " " + unit;
}

}  // namespace

void draw_text(cv::Mat& rgb, const std::string& text, const TextPlace& place, const cv::Scalar& colour) {
  std::string shown = drawable(text);
  double scale = place.scale;
  if (text_width(shown, scale) > place.width) scale *= 0.85;
  while (shown.size() > 3 && text_width(shown, scale) > place.width) {
    shown.resize(shown.size() - 3);
    shown += "..";
  }
  cv::putText(rgb, shown, {place.left, place.baseline}, kFont, scale, colour, 1, cv::LINE_AA);
}

void draw_bars(cv::Mat area, const BarChart& chart) {
  const int left = 20, right = area.cols - 20, top = 48, bottom = area.rows - 34;
  double most = 0;
  for (const auto& values : chart.series) most = std::max(most, *std::max_element(values.begin(), values.end()));
  draw_text(area, chart.title, {left, 22, right - left, 0.5}, kInk);
  if (chart.labels.empty())
    draw_text(area, "largest: " + number_text(most, chart.unit), {left, 40, right - left, 0.35}, kAxis);
  for (size_t s = 0; s < chart.series.size(); ++s) {
    const auto& values = chart.series[s];
    cv::Mat overlay = area.clone();
    for (size_t i = 0; i < values.size(); ++i) {
      const double step = static_cast<double>(right - left) / static_cast<double>(values.size());
      const int gap = step > 12 ? 3 : 0;
      const int x0 = left + static_cast<int>(static_cast<double>(i) * step) + gap;
      const int x1 = std::max(x0, left + static_cast<int>(static_cast<double>(i + 1) * step) - 1 - gap);
      const int height = most > 0 ? static_cast<int>(values[i] / most * (bottom - top) + 0.5) : 0;
      if (height > 0) cv::rectangle(overlay, {x0, bottom - height}, {x1, bottom - 1}, chart.colours[s], cv::FILLED);
      if (s > 0 || i >= chart.labels.size()) continue;
      const int room = std::max(24, static_cast<int>(step) - 4);
      draw_text(overlay, chart.labels[i], {x0, bottom + 16, room, 0.4}, kInk);
      draw_text(overlay, number_text(values[i], ""), {x0, bottom - height - 4, room, 0.4}, kInk);
    }
    const double weight = chart.series.size() > 1 ? 0.5 : 1.0;
    cv::addWeighted(overlay, weight, area, 1 - weight, 0, area);
  }
  cv::line(area, {left, bottom}, {right, bottom}, kAxis, 1);
  for (size_t i = 0; i < chart.range.size(); ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(std::max<size_t>(2, chart.range.size()) - 1);
    const int x = left + static_cast<int>(share * (right - left)), width = text_width(chart.range[i], 0.4);
    cv::line(area, {x, bottom}, {x, bottom + 3}, kAxis, 1);
    draw_text(area, chart.range[i], {std::clamp(x - width / 2, left, right - width), bottom + 16, 80, 0.4}, kInk);
  }
}

}  // namespace cvtool
