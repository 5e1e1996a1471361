#include "explain/extraction_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "explain/map_picture.h"

namespace cvtool {
namespace {

constexpr double kSide = 280, kGap = 20, kTop = 58, kPanelTitlePx = 18, kNamePx = 16, kLinePx = 13;
constexpr int kFiner = 2;

struct Panel {
  std::string name, line;
  at::Tensor plane;
  Range range;
  double gamma = 1;
};

Panel panel(const std::string& name, const at::Tensor& plane, double gamma = 1) {
  const Range range = range_of(plane);
  return {name, size_text(plane) + ", black " + significant(range.low, 4) + ", white " + significant(range.high, 4),
          plane, range, gamma};
}

void draw_names(Canvas& canvas, double left, const std::string& name, const std::string& line) {
  canvas.text(canvas.fitted(name, kNamePx, kSide), {left, kTop}, {kNamePx});
  canvas.text(canvas.fitted(line, kLinePx, kSide), {left, kTop + 22}, {kLinePx, kMutedText});
}

// The largest box of the aspect inside a panel's square, at its middle.
cv::Rect2d box_in(double left, double rows, double columns) {
  const double scale = kSide / std::max(rows, columns);
  const double wide = std::max(1.0, columns * scale), high = std::max(1.0, rows * scale);
  return {left + (kSide - wide) / 2, kTop + 40 + (kSide - high) / 2, wide, high};
}

void draw_panel(Canvas& canvas, double left, const Panel& panel) {
  draw_names(canvas, left, panel.name, panel.line);
  const cv::Rect2d box =
      box_in(left, static_cast<double>(panel.plane.size(0)), static_cast<double>(panel.plane.size(1)));
  canvas.picture(enlarged(grey_picture(panel.plane, panel.range, panel.gamma), static_cast<int>(kSide) * kFiner), box);
  canvas.frame(box, kFrame);
}

void draw_kernel(Canvas& canvas, const Kernel& kernel) {
  draw_names(canvas, kGap, "Kernel: " + kernel.name,
             std::to_string(kernel.rows) + "x" + std::to_string(kernel.columns));
  const cv::Rect2d box = box_in(kGap, static_cast<double>(kernel.rows), static_cast<double>(kernel.columns));
  const double cell = box.width / static_cast<double>(kernel.columns);
  double strongest = 0;
  for (double value : kernel.values) strongest = std::max(strongest, std::abs(value));
  const at::Tensor plane = at::tensor(kernel.values, at::kDouble)
                               .reshape({static_cast<int64_t>(kernel.rows), static_cast<int64_t>(kernel.columns)});
  canvas.picture(enlarged(signed_picture(plane, strongest * 1.6), static_cast<int>(kSide) * kFiner), box);
  for (size_t i = 0; i < kernel.values.size(); ++i) {
    const double x = static_cast<double>(i % kernel.columns), y = static_cast<double>(i / kernel.columns);
    const cv::Rect2d place(box.x + x * cell, box.y + y * cell, cell, cell);
    canvas.frame(place, kFrame);
    const std::string text = significant(kernel.values[i], 4);
    double size = std::min(20.0, cell * 0.5);
    while (size > 6 && canvas.text_width(text, size) > cell - 4) size -= 1;
    if (canvas.text_width(text, size) <= cell)
      canvas.text(text, {place.x + cell / 2, place.y + cell / 2}, {size, kText, Align::kCentre});
  }
}

}  // namespace

std::unique_ptr<Canvas> extraction_picture(const std::string& title, const Extraction& extraction, const Kernel& kernel,
                                           const ExtractionOptions& options) {
  Panel input = panel("Input", extraction.input);
  input.range = {0, 1};
  input.line = size_text(extraction.input) + ", black 0, white 1";
  const std::vector<Panel> panels{
      input, panel("Filter", extraction.filtered),
      panel("Detect: " + options.activation, extraction.detected, options.gamma),
      panel("Condense: max pooling " + std::to_string(options.pool_size) + "x" + std::to_string(options.pool_size),
            extraction.condensed, options.gamma)};
  const double wide = kGap + (kSide + kGap) * static_cast<double>(panels.size() + 1);
  auto canvas = std::make_unique<Canvas>(static_cast<int>(wide), static_cast<int>(kTop + 40 + kSide + kGap), kFiner);
  canvas->text(canvas->fitted(title, kPanelTitlePx, wide - 2 * kGap), {kGap, 26}, {kPanelTitlePx});
  draw_kernel(*canvas, kernel);
  for (size_t i = 0; i < panels.size(); ++i)
    draw_panel(*canvas, kGap + (kSide + kGap) * static_cast<double>(i + 1), panels[i]);
  return canvas;
}

}  // namespace cvtool
