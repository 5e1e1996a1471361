#include "engine/looked.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/photos.h"

namespace cvtool {

Looked look_at(const LookRequest& request, bool to_train_on) {
  DataConfig config;
  read_fields(request.overrides, "--", config);
  const auto seed = static_cast<uint64_t>(request.look.seed);
  Looked looked{to_train_on ? find_dataset(request.data, config, seed) : find_photos(request.data, config, seed),
                decode_options(config, request.look)};
  log_notes(looked.dataset);
  return looked;
}

std::function<void(int64_t, int64_t)> progress_of(const char* phase, Observer& observer, const char* state) {
  return [phase, &observer, state](int64_t done, int64_t total) {
    observer.progress({phase, done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error(std::string("interrupted; ") + state, ExitCode::kInterrupted);
  };
}

}  // namespace cvtool
