#include "report/confusion_picture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "report/canvas.h"

namespace cvtool {
namespace {

constexpr size_t kMostWithNumbers = 120;
constexpr double kLongestName = 170, kAxisPx = 14;
constexpr Ink kRight{0, 90, 160};

using Matrix = std::vector<std::vector<int64_t>>;

// Sizes in pixels, chosen by the number of classes.
struct Layout {
  double cell = 0;           // side of a cell
  double name_px = 13;       // text of the class names
  double left = 0, top = 0;  // of the cells
  bool numbers = true;
  bool upright = false;  // column names are turned
  size_t name_every = 1;
};

double widest_number(const Canvas& canvas, const Matrix& matrix, double size_px) {
  int64_t most = 0;
  for (const auto& row : matrix) most = std::max(most, *std::max_element(row.begin(), row.end()));
  return std::max(canvas.text_width(std::to_string(most), size_px),
                  canvas.text_width(matrix.size() <= 12 ? "99.9 %" : "100 %", size_px * 0.9));
}

// Text in cells is this high, whatever fits: large for a few classes.
double number_px(size_t classes) { return classes <= 4 ? 18 : classes <= 12 ? 15 : classes <= 30 ? 13 : 11; }

Layout layout_of(const Canvas& canvas, const Matrix& matrix, const std::vector<std::string>& classes) {
  Layout layout;
  const size_t count = classes.size();
  layout.numbers = count <= kMostWithNumbers;
  if (layout.numbers) {
    const double text = number_px(count);
    layout.cell = std::ceil(std::max(widest_number(canvas, matrix, text) + 10, 2.6 * text));
    if (count <= 4) layout.cell = std::max(layout.cell, 110.0);
  } else {
    layout.cell = std::max(2.0, std::floor(2400.0 / static_cast<double>(count)));
    layout.name_every = static_cast<size_t>(std::ceil(15.0 / layout.cell));
  }
  double widest = 0;
  for (const auto& name : classes)
    widest = std::max(widest, std::min(kLongestName, canvas.text_width(name, layout.name_px)));
  layout.upright = widest > layout.cell - 8;
  layout.left = 48 + widest + 8;
  layout.top = 84 + (layout.upright ? widest : 16) + 8;
  return layout;
}

void draw_numbers(Canvas& canvas, const cv::Rect2d& cell, int64_t count, double share, size_t classes) {
  const double text = number_px(classes);
  const Ink ink = count == 0 ? kFrame : share > 0.6 ? kWhite : kText;
  const cv::Point2d middle(cell.x + cell.width / 2, cell.y + cell.height / 2);
  if (count == 0) {
    if (classes <= 30) canvas.text("0", middle, {text, ink, Align::kCentre});
    return;
  }
  canvas.text(std::to_string(count), {middle.x, middle.y - 0.58 * text}, {text, ink, Align::kCentre});
  const int decimals = classes <= 12 && share < 0.9995 && share >= 0.0005 ? 1 : 0;
  const std::string percent = share < 0.0005 ? "<0.1 %" : fixed(100 * share, decimals) + (classes > 30 ? "%" : " %");
  canvas.text(percent, {middle.x, middle.y + 0.66 * text}, {text * 0.88, ink, Align::kCentre});
}

void draw_cells(Canvas& canvas, const Layout& layout, const Matrix& matrix) {
  for (size_t row = 0; row < matrix.size(); ++row) {
    const auto total = static_cast<double>(std::accumulate(matrix[row].begin(), matrix[row].end(), int64_t{0}));
    for (size_t column = 0; column < matrix.size(); ++column) {
      const int64_t count = matrix[row][column];
      const double share = total > 0 ? static_cast<double>(count) / total : 0;
      const cv::Rect2d cell(layout.left + static_cast<double>(column) * layout.cell,
                            layout.top + static_cast<double>(row) * layout.cell, layout.cell, layout.cell);
      // A single image among thousands still leaves a tint.
      const double least = layout.numbers ? 0.06 : 0.25, tint = count == 0 ? 0 : least + (1 - least) * share;
      if (count > 0) canvas.fill(cell, blended(kWhite, row == column ? kRight : kWrong, tint));
      if (layout.numbers) draw_numbers(canvas, cell, count, share, matrix.size());
    }
  }
  const double side = layout.cell * static_cast<double>(matrix.size());
  for (size_t i = 1; layout.numbers && i < matrix.size(); ++i) {
    const double at = static_cast<double>(i) * layout.cell;
    canvas.line({layout.left + at, layout.top}, {layout.left + at, layout.top + side}, kGrid, 1);
    canvas.line({layout.left, layout.top + at}, {layout.left + side, layout.top + at}, kGrid, 1);
  }
  canvas.frame({layout.left, layout.top, side, side}, kFrame, 1.2);
}

void draw_names(Canvas& canvas, const Layout& layout, const std::vector<std::string>& classes) {
  for (size_t i = 0; i < classes.size(); i += layout.name_every) {
    const std::string name = canvas.fitted(classes[i], layout.name_px, kLongestName);
    const double middle = (static_cast<double>(i) + 0.5) * layout.cell;
    canvas.text(name, {layout.left - 8, layout.top + middle}, {layout.name_px, kText, Align::kRight});
    const cv::Point2d above(layout.left + middle, layout.top - (layout.upright ? 7 : 14));
    canvas.text(name, above, {layout.name_px, kText, layout.upright ? Align::kLeft : Align::kCentre, layout.upright});
  }
  const double half = layout.cell * static_cast<double>(classes.size()) / 2;
  canvas.text("predicted class", {layout.left + half, 66}, {kAxisPx, kMutedText, Align::kCentre});
  canvas.text("true class", {24, layout.top + half}, {kAxisPx, kMutedText, Align::kCentre, true});
}

}  // namespace

void write_confusion_matrix_png(const std::string& path, const Matrix& matrix,
                                const std::vector<std::string>& classes) {
  const Layout layout = layout_of(Canvas(1, 1), matrix, classes);
  const double side = layout.cell * static_cast<double>(classes.size());
  const std::string title = layout.numbers ? "Confusion matrix: counts and percentages of each row"
                                           : "Confusion matrix: colours are shares of each row";
  const double needed = Canvas(1, 1).text_width(title, kTitlePx) + 48;
  const int width = static_cast<int>(std::max(layout.left + side + 24, needed));
  Canvas canvas(width, static_cast<int>(layout.top + side + 24), classes.size() <= 30 ? 2 : 1);
  canvas.text(title, {24, 28}, {kTitlePx, kText});
  draw_cells(canvas, layout, matrix);
  draw_names(canvas, layout, classes);
  write_picture(path, canvas);
}

}  // namespace cvtool
