#include "engine/data/looked.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/archive/photo_place.h"
#include "data/list/listing.h"
#include "data/photos.h"

namespace cvtool {

Looked look_at(const LookRequest& request, bool to_train_on) {
  DataConfig config;
  read_fields(request.overrides, "--", config);
  const auto seed = static_cast<uint64_t>(request.look.seed);
  Looked looked{{}, decode_options(config, request.look)};
  looked.dataset =
      to_train_on ? find_dataset(request.data, config, seed) : find_photos(request.data, config, seed, looked.origin);
  log_notes(looked.dataset);
  return looked;
}

DataConfig data_of_model(const Recipe& recipe, const Json& info, const std::string& path) {
  DataConfig data = recipe.data;
  if (data.folds == 0 && data.group.empty()) return data;
  const std::string root =
      place_of(path).is_folder() ? data_folder(path) : std::filesystem::path(path).parent_path().string();
  const Json marks = info.value("data", Json::object()).value("marks", Json::object());
  if (holds_fingerprinted_files(root, marks)) return data;
  data.group.clear();
  data.folds = data.fold = 0;
  return data;
}

Dataset find_dataset_of_model(const std::string& path, const DataConfig& data, uint64_t seed,
                              const std::string& model) {
  try {
    return find_dataset(path, data, seed);
  } catch (const UsageError&) {
    DataConfig any = data;
    any.classes.clear();
    const std::vector<std::string> found = find_dataset(path, any, seed).classes;
    if (std::all_of(found.begin(), found.end(),
                    [&](const std::string& name) { return place_of_name(data.classes, name).has_value(); }))
      throw;
    throw UsageError(
        path + ": holds the classes " + quoted_list(found) + ", and the model " + model + " tells " +
        quoted_list(data.classes) +
        " apart; name a model of these classes with --model, or call the photos' classes as the model does");
  }
}

std::function<void(int64_t, int64_t)> progress_of(const char* phase, Observer& observer, const char* state) {
  return [phase, &observer, state](int64_t done, int64_t total) {
    observer.progress({phase, done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error(std::string("interrupted; ") + state, ExitCode::kInterrupted);
  };
}

}  // namespace cvtool
