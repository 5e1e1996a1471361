#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/check.h"
#include "data/drawing.h"
#include "data/sheet.h"
#include "data/split_folder.h"
#include "data/stats.h"
#include "engine/jobs.h"

namespace cvtool {
namespace {

Dataset dataset_of(const LookRequest& request) {
  DataConfig config;
  read_fields(request.overrides, "--", config);
  return find_dataset(request.data, config, static_cast<uint64_t>(request.seed));
}

std::function<void(int64_t, int64_t)> progress_of(const char* phase, Observer& observer) {
  return [phase, &observer](int64_t done, int64_t total) {
    observer.progress({phase, done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted", ExitCode::kInterrupted);
  };
}

ExamineOptions examine_options(const LookRequest& request, const char* phase, Observer& observer) {
  ExamineOptions options;
  options.workers = request.workers;
  options.progress = progress_of(phase, observer);
  return options;
}

}  // namespace

Json check_job(const LookRequest& request, Observer& observer) {
  const CheckReport report = check_dataset(dataset_of(request), examine_options(request, "Checking", observer));
  Json lines = Json::array();
  for (const CheckLine& line : check_lines(report)) lines.push_back({{"what", line.what}, {"count", line.count}, {"examples", line.examples}});
  return {{"report", json_from_report(report)}, {"lines", lines}, {"clean", report.clean()}};
}

Json stats_job(const LookRequest& request, Observer& observer) {
  const DataStats stats = count_dataset(dataset_of(request), examine_options(request, "Counting", observer));
  if (!request.output.empty()) write_picture(request.output, stats_picture(stats));
  return json_from_stats(stats);
}

Json split_job(const SplitRequest& request, Observer& observer) {
  SplitFolderOptions options;
  options.valid = request.valid;
  options.test = request.test;
  options.how = request.how;
  options.seed = static_cast<uint64_t>(request.seed);
  options.progress = progress_of("Splitting", observer);
  return json_from_result(split_folder(request.source, request.target, options));
}

void preview_job(const LookRequest& request, Observer&) {
  SheetOptions options;
  options.rows = request.rows;
  options.cols = request.cols;
  options.per_class = request.per_class;
  options.split = request.split;
  options.seed = static_cast<uint64_t>(request.seed);
  options.workers = request.workers;
  write_picture(request.output, preview_sheet(dataset_of(request), options));
}

}  // namespace cvtool
