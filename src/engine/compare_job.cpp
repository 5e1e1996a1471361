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
      throw UsageError(run + ": is no run (it holds no config.json and history.csv); name what cvtool train made");
  return runs;
}

std::vector<double> column(const History& history, const char* name) {
  const HistoryColumn* found = history.find(name);
  std::vector<double> values = found ? found->values : std::vector<double>();
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
  return values;
}

Json median(std::vector<double> values) {
  if (values.empty()) return nullptr;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Json size_of(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? Json() : Json(size);
}

// Accuracy with its interval, as the run's own evaluation has it; of the best epoch where the run was interrupted.
void add_figures(Json& row, const std::string& run, const History& history) {
  const std::string path = run + "/metrics.json";
  row["split"] = nullptr;
  if (fs::is_regular_file(path)) {
    const Json document = json_from_file(path);
    row["split"] = document.at("split");
    row["accuracy"] = document.at("metrics").at("accuracy");
    row["accuracy_interval"] = document.at("metrics").value("intervals", Json::object()).value("accuracy", Json());
    row["loss"] = document.at("metrics").at("loss");
    return;
  }
  const auto accuracies = column(history, "val_accuracy");
  row["accuracy"] = accuracies.empty() ? Json() : Json(*std::max_element(accuracies.begin(), accuracies.end()));
  row["accuracy_interval"] = nullptr;
  row["loss"] = nullptr;
}

Json row_of(const std::string& run, const History& history) {
  Json row{{"run", run}, {"recipe", json_from_file(run + "/config.json").value("name", "")}};
  add_figures(row, run, history);
  row["epochs"] = history.epochs.size();
  const auto seconds = column(history, "seconds");
  double sum = 0;
  for (const double value : seconds) sum += value;
  row["seconds"] = sum;
  row["images_per_second"] = median(column(history, "images_per_second"));
  row["bytes"] = size_of(run + "/best.pt");
  return row;
}

}  // namespace

Json compare_job(const CompareRequest& request) {
  std::vector<std::pair<Json, NamedHistory>> rows;
  const auto runs = runs_of(request);
  for (const std::string& run : runs) {
    History history = history_from_csv(read_file(run + "/history.csv"));
    Json row = row_of(run, history);
    rows.emplace_back(std::move(row), NamedHistory{run, std::move(history)});
  }
  const auto accuracy = [](const Json& row) {
    return row["accuracy"].is_number() ? row["accuracy"].get<double>() : -1.0;
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const auto& a, const auto& b) { return accuracy(a.first) > accuracy(b.first); });
  Json result{{"runs", Json::array()}};
  std::vector<NamedHistory> histories;
  for (auto& [row, history] : rows) {
    result["runs"].push_back(row);
    histories.push_back(std::move(history));
  }
  const std::string beside = (fs::path(runs.front()).lexically_normal().parent_path() / "compare.png").string();
  result["picture"] = request.output.empty() ? beside : request.output;
  write_comparison_png(result["picture"].get<std::string>(), histories);
  return result;
}

}  // namespace cvtool
