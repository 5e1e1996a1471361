#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "datatools/drawn/drawn_set.h"
#include "datatools/sprite.h"
#include "engine/jobs.h"
#include "engine/looked.h"

namespace cvtool {
constexpr const char* kUnfinished = "run it again to complete the set";

Json sample_job(const std::string& folder, const DrawnSetOptions& options, Observer& observer) {
  const DrawnSetResult result = write_drawn_set(folder, options, progress_of("Drawing", observer, kUnfinished));
  return {{"folder", folder}, {"drawn", result.drawn}, {"kept", result.kept}};
}

Json unpack_job(const UnpackRequest& request, Observer& observer) {
  const SpriteResult result = unpack_sprites({request.sheets, request.labels, request.output}, request.options,
                                             progress_of("Unpacking", observer, kUnfinished));
  if (result.labels_left > 0)
    spdlog::warn("{}: the last {} have no picture in these sheets", request.labels,
                 counted(result.labels_left, "label"));
  Json counts = Json::object();
  for (size_t i = 0; i < result.classes.size(); ++i) counts[result.classes[i]] = result.counts[i];
  return {
      {"counts", counts}, {"written", result.written}, {"there", result.there}, {"passed_over", result.passed_over}};
}

}  // namespace cvtool
