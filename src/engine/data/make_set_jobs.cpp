#include <spdlog/spdlog.h>

#include "base/text.h"
#include "datatools/drawn/drawn_set.h"
#include "datatools/sprite.h"
#include "engine/data/looked.h"
#include "engine/jobs.h"

namespace cvtool {
constexpr const char* kUnfinished = "run it again to complete the set";

SampleResult sample_job(const std::string& folder, const DrawnSetOptions& options, Observer& observer) {
  return write_drawn_set(folder, options, progress_of("Drawing", observer, kUnfinished));
}

UnpackResult unpack_job(const UnpackRequest& request, Observer& observer) {
  UnpackResult result = unpack_sprites({request.sheets, request.labels, request.output}, request.options,
                                       progress_of("Unpacking", observer, kUnfinished));
  if (result.labels_left > 0)
    spdlog::warn("{}: the last {} have no picture in these sheets", request.labels,
                 counted(result.labels_left, "label"));
  return result;
}

}  // namespace cvtool
