#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "engine/jobs.h"
#include "report/curves.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

bool is_run(const fs::path& folder) {
  return fs::is_regular_file(folder / "config.json") && fs::is_regular_file(folder / "history.csv");
}

// The folders to compare: those named, or every run of `runs`.
std::vector<std::string> runs_of(const CompareRequest& request) {
  std::vector<std::string> runs = request.runs;
  std::error_code error;
  if (runs.empty())
    for (const auto& entry : fs::directory_iterator("runs", error))
      if (!entry.is_symlink() && is_run(entry.path())) runs.push_back(entry.path().string());
  if (runs.empty()) throw UsageError("there is no run in runs; name the runs' folders");
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  for (const std::string& run : runs)
    if (!is_run(run))
      throw UsageError(run + ": is not a run (it holds no config.json and history.csv); name what cvtool train made");
  return runs;
}

std::vector<double> column(const History& history, const char* name) {
  const HistoryColumn* found = history.find(name);
  std::vector<double> values = found ? found->values : std::vector<double>();
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
  return values;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return {};
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class T>
std::optional<T> known(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional<T>(value.get<T>());
}

// Accuracy with its interval, as the run's own evaluation has it; of the best epoch where the run was interrupted.
void add_figures(ComparedRun& row, const History& history) {
  const std::string path = row.run + "/metrics.json";
  if (fs::is_regular_file(path)) {
    const Json document = json_from_file(path);
    const Json& metrics = document.at("metrics");
    row.split = document.at("split").get<std::string>();
    row.accuracy = known<double>(metrics.at("accuracy"));
    row.accuracy_interval = known<Interval95>(metrics.value("intervals", Json::object()).value("accuracy", Json()));
    row.loss = known<double>(metrics.at("loss"));
    return;
  }
  const auto accuracies = column(history, "val_accuracy");
  if (!accuracies.empty()) row.accuracy = *std::max_element(accuracies.begin(), accuracies.end());
}

ComparedRun row_of(const std::string& run, const History& history) {
  ComparedRun row;
  row.run = run;
  row.recipe = json_from_file(run + "/config.json").value("name", "");
  add_figures(row, history);
  row.epochs = static_cast<int64_t>(history.epochs.size());
  for (const double seconds : column(history, "seconds")) row.seconds += seconds;
  row.images_per_second = median(column(history, "images_per_second"));
  std::error_code error;
  const auto bytes = fs::file_size(run + "/best.pt", error);
  if (!error) row.bytes = static_cast<int64_t>(bytes);
  return row;
}

}  // namespace

Comparison compare_job(const CompareRequest& request) {
  std::vector<std::pair<ComparedRun, NamedHistory>> rows;
  const auto runs = runs_of(request);
  for (const std::string& run : runs) {
    History history = history_from_csv(read_file(run + "/history.csv"));
    ComparedRun row = row_of(run, history);
    rows.emplace_back(std::move(row), NamedHistory{run, std::move(history)});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first.accuracy > b.first.accuracy; });
  Comparison result;
  std::vector<NamedHistory> histories;
  for (auto& [row, history] : rows) {
    result.runs.push_back(std::move(row));
    histories.push_back(std::move(history));
  }
  const std::string beside = (fs::path(runs.front()).lexically_normal().parent_path() / "compare.png").string();
  result.picture = request.output.empty() ? beside : request.output;
  write_comparison_png(result.picture, histories);
  return result;
}

}  // namespace cvtool
