#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "data/check.h"
#include "data/drawing.h"
#include "data/sheet.h"
#include "data/split_folder.h"
#include "data/stats.h"
#include "engine/jobs.h"
#include "engine/photos.h"

namespace cvtool {
namespace {

struct Looked {
  Dataset dataset;
  DecodeOptions decode;
};

Looked dataset_of(const LookRequest& request) {
  DataConfig config;
  read_fields(request.overrides, "--", config);
  Looked looked{find_dataset(request.data, config, static_cast<uint64_t>(request.look.seed)), decode_options(config, request.look)};
  for (const std::string& note : looked.dataset.notes) spdlog::warn("{}", printable(note));
  return looked;
}

std::function<void(int64_t, int64_t)> progress_of(const char* phase, Observer& observer) {
  return [phase, &observer](int64_t done, int64_t total) {
    observer.progress({phase, done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted; nothing was written", ExitCode::kInterrupted);
  };
}

}  // namespace

Json check_job(const LookRequest& request, Observer& observer) {
  const Looked looked = dataset_of(request);
  const CheckReport report = check_dataset(looked.dataset, {looked.decode, request.look.workers, progress_of("Checking", observer)});
  Json lines = Json::array();
  for (const CheckLine& line : check_lines(report)) lines.push_back({{"what", line.what}, {"count", line.count}, {"examples", line.examples}});
  return {{"report", json_from_report(report)}, {"lines", lines}, {"clean", report.clean()}};
}

Json stats_job(const LookRequest& request, Observer& observer) {
  if (!request.output.empty()) check_image_path(request.output);
  const Looked looked = dataset_of(request);
  const DataStats stats = count_dataset(looked.dataset, {looked.decode, request.look.workers, progress_of("Counting", observer)});
  if (!request.output.empty()) write_image(request.output, stats_picture(stats));
  return json_from_stats(stats);
}

Json split_job(const SplitRequest& request, Observer& observer) {
  SplitFolderOptions options;
  options.valid = request.options.valid;
  options.test = request.options.test;
  options.how = request.how;
  options.seed = static_cast<uint64_t>(request.options.seed);
  options.progress = progress_of("Splitting", observer);
  return json_from_result(split_folder(request.source, request.target, options));
}

void preview_job(const LookRequest& request, const PreviewOptions& sheet, Observer& observer) {
  check_image_path(request.output);
  const Looked looked = dataset_of(request);
  SheetOptions options;
  options.rows = sheet.rows;
  options.cols = sheet.cols;
  options.per_class = sheet.per_class;
  options.split = sheet.split;
  options.seed = static_cast<uint64_t>(request.look.seed);
  options.workers = request.look.workers;
  options.decode = looked.decode;
  options.progress = progress_of("Drawing", observer);
  write_image(request.output, preview_sheet(looked.dataset, options));
}

}  // namespace cvtool
