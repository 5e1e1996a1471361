#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/drawn_set.h"
#include "engine/jobs.h"

namespace cvtool {

Json sample_job(const std::string& folder, const DrawnSetOptions& options, Observer& observer) {
  const DrawnSetResult result = write_drawn_set(folder, options, [&](int64_t done, int64_t total) {
    observer.progress({"Drawing", done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted; run it again to complete the set", ExitCode::kInterrupted);
  });
  return {{"folder", folder}, {"drawn", result.drawn}, {"kept", result.kept}};
}

}  // namespace cvtool
