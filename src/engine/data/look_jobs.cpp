#include "datatools/check.h"
#include "datatools/split_folder.h"
#include "datatools/stats.h"
#include "engine/data/looked.h"
#include "engine/drift/net_features.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "report/image_file.h"

namespace cvtool {

CheckResult check_job(const LookRequest& request, const ComparedBy& by, Observer& observer) {
  const std::unique_ptr<const NetFeatures> net = NetFeatures::open(by);
  const Looked looked = look_at(request, /*to_train_on=*/false);
  CheckPlan plan{{looked.decode, request.look.workers, progress_of("Checking", observer)},
                 static_cast<uint64_t>(request.look.seed),
                 looked.origin};
  if (net)
    plan.features = [&](const std::vector<Sample>& samples) {
      return net->of({looked.dataset.root, request.data, samples}, request.look, observer);
    };
  CheckReport report = check_dataset(looked.dataset, plan);
  report.compared_by = net ? net->name() : "looks";
  std::vector<CheckLine> lines = check_lines(report);
  return {std::move(report), std::move(lines)};
}

DataStats stats_job(const LookRequest& request, Observer& observer) {
  if (!request.output.empty()) check_image_path(request.output);
  const Looked looked = look_at(request);
  if (!request.output.empty()) check_output(request.output, OutputKind::kPicture, {{request.data}, &looked.dataset});
  DataStats stats =
      count_dataset(looked.dataset, {looked.decode, request.look.workers, progress_of("Counting", observer)});
  if (!request.output.empty()) write_image(request.output, stats_picture(stats));
  return stats;
}

SplitResult split_job(const SplitRequest& request, Observer& observer) {
  return split_folder(request, progress_of("Splitting", observer, "run it again to complete the split"));
}

}  // namespace cvtool
