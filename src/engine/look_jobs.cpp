#include <nlohmann/json.hpp>

#include "datatools/check.h"
#include "datatools/split_folder.h"
#include "datatools/stats.h"
#include "engine/jobs.h"
#include "engine/looked.h"
#include "report/image_file.h"

namespace cvtool {
Json check_job(const LookRequest& request, Observer& observer) {
  const Looked looked = look_at(request);
  const CheckReport report =
      check_dataset(looked.dataset, {looked.decode, request.look.workers, progress_of("Checking", observer)});
  Json lines = Json::array();
  for (const CheckLine& line : check_lines(report))
    lines.push_back({{"what", line.what}, {"count", line.count}, {"examples", line.examples}});
  return {{"report", json_from_report(report)}, {"lines", lines}, {"clean", report.clean()}};
}

Json stats_job(const LookRequest& request, Observer& observer) {
  if (!request.output.empty()) check_image_path(request.output);
  const Looked looked = look_at(request);
  const DataStats stats =
      count_dataset(looked.dataset, {looked.decode, request.look.workers, progress_of("Counting", observer)});
  if (!request.output.empty()) write_image(request.output, stats_picture(stats));
  return json_from_stats(stats);
}

Json split_job(const SplitRequest& request, Observer& observer) {
  return json_from_result(
      split_folder(request, progress_of("Splitting", observer, "run it again to complete the split")));
}

}  // namespace cvtool
