#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/document.h"
#include "base/error.h"
#include "base/files.h"
#include "base/statistics.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "model/archive.h"
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

// What is read of a run's metrics.json and config.json.
struct StoredIntervals {
  std::optional<std::vector<double>> accuracy;
};
void fields(StoredIntervals& i, DocumentReader& visit) { visit("accuracy", i.accuracy); }

struct StoredFigures {
  std::optional<double> accuracy, loss;
  StoredIntervals intervals;
};
void fields(StoredFigures& f, DocumentReader& visit) {
  visit("accuracy", f.accuracy, kRequired), visit("loss", f.loss, kRequired), visit("intervals", f.intervals);
}

struct StoredMetrics {
  std::string split, model_digest;
  StoredFigures metrics;
};
void fields(StoredMetrics& m, DocumentReader& visit) {
  visit("split", m.split, kRequired), visit("model_digest", m.model_digest), visit("metrics", m.metrics, kRequired);
}

struct StoredName {
  std::string name;
};
void fields(StoredName& n, DocumentReader& visit) { visit("name", n.name); }

// Accuracy with its interval, as the run's own evaluation has it; of the best epoch where the run was interrupted.
void add_figures(ComparedRun& row, const History& history) {
  const std::string path = row.run + "/metrics.json";
  if (fs::is_regular_file(path)) {
    const auto stored = read_document<StoredMetrics>(json_from_file(path), path,
                                                     "write it again with cvtool eval, or leave the run out");
    const std::string digest = stored_digest(row.run + "/best.pt");
    if (!stored.model_digest.empty() && !digest.empty() && stored.model_digest != digest)
      spdlog::warn("{}: is of an earlier best.pt than the one that is there now; measure it again with cvtool eval",
                   path);
    row.split = stored.split;
    row.accuracy = stored.metrics.accuracy;
    row.loss = stored.metrics.loss;
    if (const auto& interval = stored.metrics.intervals.accuracy; interval && interval->size() == 2)
      row.accuracy_interval = {(*interval)[0], (*interval)[1]};
    return;
  }
  const auto accuracies = column(history, "val_accuracy");
  if (!accuracies.empty()) row.accuracy = *std::max_element(accuracies.begin(), accuracies.end());
}

History history_of(const std::string& run) {
  const std::string path = run + "/history.csv";
  try {
    return history_from_csv(read_file(path));
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what() + "; mend it, or leave the run out");
  }
}

ComparedRun row_of(const std::string& run, const History& history) {
  ComparedRun row;
  row.run = run;
  const std::string config = run + "/config.json";
  row.recipe = read_document<StoredName>(json_from_file(config), config, "mend it, or leave the run out").name;
  add_figures(row, history);
  row.epochs = static_cast<int64_t>(history.epochs.size());
  for (const double seconds : column(history, "seconds")) row.seconds += seconds;
  if (const std::vector<double> rates = column(history, "images_per_second"); !rates.empty())
    row.images_per_second = upper_median(rates);
  std::error_code error;
  const auto bytes = fs::file_size(run + "/best.pt", error);
  if (!error) row.bytes = static_cast<int64_t>(bytes);
  return row;
}

}  // namespace

Comparison compare_job(const CompareRequest& request) {
  std::vector<std::pair<ComparedRun, NamedHistory>> rows;
  const auto runs = runs_of(request);
  Comparison result;
  const std::string beside = (fs::path(runs.front()).lexically_normal().parent_path() / "compare.png").string();
  result.picture = request.output.empty() ? beside : request.output;
  check_output(result.picture, OutputKind::kPicture, {});
  for (const std::string& run : runs) {
    History history = history_of(run);
    ComparedRun row = row_of(run, history);
    rows.emplace_back(std::move(row), NamedHistory{run, std::move(history)});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first.accuracy > b.first.accuracy; });
  std::vector<NamedHistory> histories;
  for (auto& [row, history] : rows) {
    result.runs.push_back(std::move(row));
    histories.push_back(std::move(history));
  }
  write_comparison_png(result.picture, histories);
  return result;
}

}  // namespace cvtool
