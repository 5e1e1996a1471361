#include "report/curves.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "report/plot.h"

namespace cvtool {
namespace {

double number_of(const std::string& cell, size_t line) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (end != cell.c_str() + cell.size()) {
    throw DataError("line " + std::to_string(line) + " of the history: '" + cell + "' is not a number");
  }
  return value;
}

constexpr int kPanelWidth = 620, kPanelHeight = 440;
constexpr size_t kMaxDots = 30;  // with more epochs than that the line alone is clearer

const char* const kAccuracies[] = {"accuracy", "binary_accuracy", "categorical_accuracy",
                                   "sparse_categorical_accuracy"};

std::string accuracy_name(const History& history) {
  for (const char* name : kAccuracies) {
    if (history.find(name) || history.find(std::string("val_") + name)) return name;
  }
  return kAccuracies[0];
}

Series series_of(const History& history, const HistoryColumn& column, const std::string& name, size_t ink) {
  Series series{name, history.epochs, column.values, series_ink(ink)};
  series.y.resize(series.x.size(), std::numeric_limits<double>::quiet_NaN());
  series.dots = series.x.size() <= kMaxDots;
  if (series.x.size() > 200) series.width_px = 1.3;
  return series;
}

Chart panel(const std::string& title) {
  Chart chart;
  chart.title = title;
  chart.x.label = "epoch";
  chart.x.whole = true;
  return chart;
}

// The x axis holds every epoch, also those of which nothing was measured.
void hold_epochs(Chart& chart, const std::vector<double>& epochs) {
  if (epochs.empty()) return;
  const auto [first, last] = std::minmax_element(epochs.begin(), epochs.end());
  constexpr double kRoom = 0.5;
  chart.x.low = std::isnan(chart.x.low) ? *first - kRoom : std::min(chart.x.low, *first - kRoom);
  chart.x.high = std::isnan(chart.x.high) ? *last + kRoom : std::max(chart.x.high, *last + kRoom);
}

void keep_in_unit_range(Chart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& series : chart.series) {
    for (double y : series.y) {
      if (std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
    }
  }
  if (low > high) low = 0, high = 1;
  if (low < 0 || high > 1) return;
  // Room above 1 keeps a perfect curve off the frame.
  chart.y.high = std::min(1.0, high + (high - low) * 0.05 + 0.01) + (high > 0.99 ? 0.01 : 0);
  chart.y.low = std::max(0.0, low - (high - low) * 0.05 - 0.01);
}

Chart history_panel(const History& history, const std::string& title, const std::string& column) {
  Chart chart = panel(title);
  if (const auto* train = history.find(column)) chart.series.push_back(series_of(history, *train, "training", 0));
  if (const auto* valid = history.find("val_" + column))
    chart.series.push_back(series_of(history, *valid, "validation", 1));
  hold_epochs(chart, history.epochs);
  if (history.best_epoch > 0) {
    const auto best = static_cast<double>(history.best_epoch);
    std::string name = "best epoch (" + std::to_string(history.best_epoch) + ")";
    chart.fingerprints.push_back({best, name});
  }
  return chart;
}

void write_panels(const std::string& path, Chart loss, Chart accuracy) {
  loss.y.may_be_log = true;
  keep_in_unit_range(accuracy);
  Canvas canvas(2 * kPanelWidth, kPanelHeight);
  draw_chart(canvas, {0, 0, kPanelWidth, kPanelHeight}, loss);
  draw_chart(canvas, {kPanelWidth, 0, kPanelWidth, kPanelHeight}, accuracy);
  write_picture(path, canvas);
}

}  // namespace

const HistoryColumn* History::find(const std::string& name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

History history_from_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  for (auto& line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) rows.push_back(split(line, ','));
  }
  if (rows.empty()) throw DataError("the history is empty: no epoch has ended yet");
  History history;
  for (size_t c = 0; c < rows[0].size(); ++c) {
    std::vector<double> values;
    for (size_t r = 1; r < rows.size(); ++r) {
      if (rows[r].size() != rows[0].size()) {
        throw DataError("line " + std::to_string(r + 1) + " of the history has " +
                        counted(static_cast<int64_t>(rows[r].size()), "cell") + ", its header " +
                        std::to_string(rows[0].size()));
      }
      values.push_back(number_of(rows[r][c], r + 1));
    }
    if (rows[0][c] == "epoch")
      history.epochs = values;
    else
      history.columns.push_back({rows[0][c], values});
  }
  if (history.epochs.size() + 1 != rows.size()) throw DataError("the history has no column 'epoch'");
  return history;
}

void write_curves_png(const std::string& path, const History& history) {
  write_panels(path, history_panel(history, "Loss", "loss"),
               history_panel(history, "Accuracy", accuracy_name(history)));
}

void write_comparison_png(const std::string& path, const std::vector<NamedHistory>& runs) {
  Chart loss = panel("Validation loss"), accuracy = panel("Validation accuracy");
  for (size_t i = 0; i < runs.size(); ++i) {
    const History& history = runs[i].history;
    for (const auto& [chart, column] :
         {std::pair{&loss, std::string("loss")}, std::pair{&accuracy, accuracy_name(history)}}) {
      const auto* valid = history.find("val_" + column);
      const auto* train = history.find(column);
      hold_epochs(*chart, history.epochs);
      if (valid)
        chart->series.push_back(series_of(history, *valid, runs[i].name, i));
      else if (train)
        chart->series.push_back(series_of(history, *train, runs[i].name + " (training)", i));
    }
  }
  write_panels(path, std::move(loss), std::move(accuracy));
}

void write_lr_png(const std::string& path, const std::vector<double>& rates, const std::vector<double>& losses,
                  double suggested) {
  Chart chart;
  chart.title = "Loss against learning rate";
  chart.x.label = "learning rate, power of ten";
  chart.x.whole = true;
  chart.y.label = "loss";
  Series series{"loss of the same photos", {}, losses, series_ink(0)};
  for (const double rate : rates) series.x.push_back(std::log10(rate));
  chart.series.push_back(std::move(series));
  chart.fingerprints.push_back({std::log10(suggested), "falls fastest (" + Json(suggested).dump() + ")"});
  Canvas canvas(720, 440);
  draw_chart(canvas, {0, 0, 720, 440}, chart);
  write_picture(path, canvas);
}

}  // namespace cvtool
