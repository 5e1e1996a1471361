#include "report/evaluation_plots.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/plot.h"

namespace cvtool {
namespace {

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
  double names = 0, texts = 0, most = full;
  for (const auto& row : rows) {
    names = std::max(names, std::min(kNameRoom, ruler.text_width(row.name, kText_px)));
    texts = std::max(texts, ruler.text_width(row.text, kText_px));
    if (full <= 0 && std::isfinite(row.value)) most = std::max(most, row.value);
  }
  const double left = 24 + names + 10;
  const double wide = std::max(left + kBar + 10 + texts + 24, ruler.text_width(title, 17) + 48);
  Canvas canvas(static_cast<int>(wide), static_cast<int>(kTop + kRow * static_cast<double>(shown + cut) + 20));
  canvas.text(title, {24, 28}, {17, kText});
  for (size_t i = 0; i < shown; ++i) {
    const double middle = kTop + kRow * (static_cast<double>(i) + 0.5);
    const double share = most > 0 && std::isfinite(rows[i].value) ? std::clamp(rows[i].value / most, 0.0, 1.0) : 0;
    canvas.text(canvas.fitted(rows[i].name, kText_px, kNameRoom), {left - 10, middle},
                {kText_px, kText, Align::kRight});
    canvas.fill({left, middle - 8, kBar, 16}, {240, 242, 245});
    canvas.fill({left, middle - 8, share * kBar, 16}, series_ink(0));
    canvas.text(rows[i].text, {left + kBar + 10, middle}, {kText_px, kMutedText});
  }
  if (cut)
    canvas.text("and " + counted(static_cast<int64_t>(rows.size() - shown), "more row"),
                {left, kTop + kRow * (double(shown) + 0.5)}, {kText_px, kMutedText});
  write_picture(path, canvas);
}

}  // namespace cvtool
