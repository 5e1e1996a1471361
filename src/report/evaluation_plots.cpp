#include "report/evaluation_plots.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "report/canvas.h"
#include "report/plot.h"

namespace cvtool {
namespace {

constexpr size_t kMaxWithNumbers = 120;
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
  int64_t max = 0;
  for (const auto& row : matrix) max = std::max(max, *std::max_element(row.begin(), row.end()));
  return std::max(canvas.text_width(std::to_string(max), size_px),
                  canvas.text_width(matrix.size() <= 12 ? "99.9 %" : "100 %", size_px * 0.9));
}

// Text in cells is this high, whatever fits: large for a few classes.
double number_px(size_t classes) { return classes <= 4 ? 18 : classes <= 12 ? 15 : classes <= 30 ? 13 : 11; }

Layout layout_of(const Canvas& canvas, const Matrix& matrix, const std::vector<std::string>& classes) {
  Layout layout;
  const size_t count = classes.size();
  layout.numbers = count <= kMaxWithNumbers;
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

void draw_numbers(Canvas& canvas, const cv::Rect2d& cell, int64_t count, double fraction, size_t classes) {
  const double text = number_px(classes);
  const Ink ink = count == 0 ? kFrame : fraction > 0.6 ? kWhite : kText;
  const cv::Point2d middle(cell.x + cell.width / 2, cell.y + cell.height / 2);
  if (count == 0) {
    if (classes <= 30) canvas.text("0", middle, {text, ink, Align::kCentre});
    return;
  }
  canvas.text(std::to_string(count), {middle.x, middle.y - 0.58 * text}, {text, ink, Align::kCentre});
  const int decimals = classes <= 12 && fraction < 0.9995 && fraction >= 0.0005 ? 1 : 0;
  const std::string percent =
      fraction < 0.0005 ? "<0.1 %" : fixed(100 * fraction, decimals) + (classes > 30 ? "%" : " %");
  canvas.text(percent, {middle.x, middle.y + 0.66 * text}, {text * 0.88, ink, Align::kCentre});
}

void draw_cells(Canvas& canvas, const Layout& layout, const Matrix& matrix) {
  for (size_t row = 0; row < matrix.size(); ++row) {
    const auto total = static_cast<double>(std::accumulate(matrix[row].begin(), matrix[row].end(), int64_t{0}));
    for (size_t column = 0; column < matrix.size(); ++column) {
      const int64_t count = matrix[row][column];
      const double fraction = total > 0 ? static_cast<double>(count) / total : 0;
      const cv::Rect2d cell(layout.left + static_cast<double>(column) * layout.cell,
                            layout.top + static_cast<double>(row) * layout.cell, layout.cell, layout.cell);
      // A single image among thousands still leaves a tint.
      const double min = layout.numbers ? 0.06 : 0.25, tint = count == 0 ? 0 : min + (1 - min) * fraction;
      if (count > 0) canvas.fill(cell, blended(kWhite, row == column ? kRight : kWrong, tint));
      if (layout.numbers) draw_numbers(canvas, cell, count, fraction, matrix.size());
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

constexpr int kSide = 620;
constexpr size_t kColours = 7;

// The curves in the order in which they are drawn: the grey ones first, below the others.
std::vector<Series> series_of(const std::vector<ClassCurve>& curves, const std::string& area_name) {
  std::vector<const ClassCurve*> known;
  for (const auto& curve : curves) {
    if (!std::isnan(curve.area)) known.push_back(&curve);
  }
  const bool all = known.size() <= kColours;
  if (!all) std::stable_sort(known.begin(), known.end(), [](auto* a, auto* b) { return a->area < b->area; });
  const size_t coloured = all ? known.size() : kColours - 1;
  std::vector<Series> series;
  for (size_t i = known.size(); i-- > coloured;) {
    const bool first = series.empty();
    const std::string name =
        first ? "the other " + counted(static_cast<int64_t>(known.size() - coloured), "class") : "";
    series.push_back({name, known[i]->x, known[i]->y, {200, 205, 212}, 1});
  }
  for (size_t i = 0; i < coloured; ++i) {
    const std::string name = known[i]->name + ", " + area_name + " " + fixed(known[i]->area, 3);
    series.push_back({name, known[i]->x, known[i]->y, series_ink(i), 2});
  }
  return series;
}

Axis unit_axis(const std::string& label) {
  Axis axis;
  axis.label = label;
  axis.low = -0.01;  // lines along the frame stay visible
  axis.high = 1.01;
  return axis;
}

void write_square(const std::string& path, const Chart& chart) {
  Canvas canvas(kSide, kSide);
  draw_chart(canvas, {0, 0, kSide, kSide}, chart);
  write_picture(path, canvas);
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

void write_roc_png(const std::string& path, const std::vector<ClassCurve>& curves) {
  Chart chart;
  chart.title = "Receiver operating characteristic";
  chart.x = unit_axis("false positive rate");
  chart.y = unit_axis("true positive rate");
  chart.series.push_back({"guessing", {0, 1}, {0, 1}, kFrame, 1.2, 5});
  for (auto& series : series_of(curves, "AUC")) chart.series.push_back(std::move(series));
  write_square(path, chart);
}

void write_precision_recall_png(const std::string& path, const std::vector<ClassCurve>& curves) {
  Chart chart;
  chart.title = "Precision and recall";
  chart.x = unit_axis("recall");
  chart.y = unit_axis("precision");
  chart.series = series_of(curves, "AP");
  write_square(path, chart);
}

void write_calibration_png(const std::string& path, const std::vector<ReliabilityBin>& bins, double calibration_error) {
  Chart chart, counts;
  chart.title = "Calibration: expected calibration error " + fixed(calibration_error, 4);
  chart.x = unit_axis("");
  chart.y = unit_axis("accuracy");
  Series line{"this model (mean of each bin)", {}, {}, series_ink(0), 2};
  line.dots = true;
  for (const auto& bin : bins) {
    counts.bars.push_back({bin.low, bin.high, static_cast<double>(bin.count)});
    if (bin.count == 0) continue;
    line.x.push_back(bin.mean_confidence);
    line.y.push_back(bin.accuracy);
    chart.bars.push_back({bin.low, bin.high, bin.accuracy});
  }
  chart.bar_ink = {214, 229, 241};
  chart.series = {{"perfectly calibrated", {0, 1}, {0, 1}, kFrame, 1.2, 5}, line};
  counts.x = unit_axis("confidence");
  counts.y.label = "images";
  counts.y.whole = true;
  counts.bar_ink = {150, 160, 175};
  constexpr double kUpper = 470, kLower = 210;
  // The confidence axes stand above one another.
  chart.y_numbers_px = counts.y_numbers_px = 58;
  Canvas canvas(kSide, static_cast<int>(kUpper + kLower));
  draw_chart(canvas, {0, 0, kSide, kUpper}, chart);
  draw_chart(canvas, {0, kUpper - 20, kSide, kLower + 20}, counts);
  write_picture(path, canvas);
}

void write_bars_png(const std::string& path, const std::string& title, const std::vector<NamedValue>& rows,
                    double full) {
  constexpr size_t kMost = 500;
  constexpr double kRow = 24, kText_px = 13, kNameRoom = 180, kBar = 340, kTop = 56;
  const size_t shown = std::min(rows.size(), kMost);
  const bool cut = shown < rows.size();
  const Canvas ruler(1, 1);
  double names = 0, texts = 0, max = full;
  for (const auto& row : rows) {
    names = std::max(names, std::min(kNameRoom, ruler.text_width(row.name, kText_px)));
    texts = std::max(texts, ruler.text_width(row.text, kText_px));
    if (full <= 0 && std::isfinite(row.value)) max = std::max(max, row.value);
  }
  const double left = 24 + names + 10;
  const double wide = std::max(left + kBar + 10 + texts + 24, ruler.text_width(title, 17) + 48);
  Canvas canvas(static_cast<int>(wide), static_cast<int>(kTop + kRow * static_cast<double>(shown + cut) + 20));
  canvas.text(title, {24, 28}, {17, kText});
  for (size_t i = 0; i < shown; ++i) {
    const double middle = kTop + kRow * (static_cast<double>(i) + 0.5);
    const double fraction = max > 0 && std::isfinite(rows[i].value) ? std::clamp(rows[i].value / max, 0.0, 1.0) : 0;
    canvas.text(canvas.fitted(rows[i].name, kText_px, kNameRoom), {left - 10, middle},
                {kText_px, kText, Align::kRight});
    canvas.fill({left, middle - 8, kBar, 16}, {240, 242, 245});
    canvas.fill({left, middle - 8, fraction * kBar, 16}, series_ink(0));
    canvas.text(rows[i].text, {left + kBar + 10, middle}, {kText_px, kMutedText});
  }
  if (cut)
    canvas.text("and " + counted(static_cast<int64_t>(rows.size() - shown), "more row"),
                {left, kTop + kRow * (double(shown) + 0.5)}, {kText_px, kMutedText});
  write_picture(path, canvas);
}

}  // namespace cvtool
