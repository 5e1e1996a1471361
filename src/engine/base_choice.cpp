#include "engine/base_choice.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "model/backbone_file.h"
#include "model/backbone_import.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kDefaultBase = "mobilenet_v2";
constexpr const char* kWhatItBrings =
    "a pretrained backbone makes a far better model of few photos: cvtool import mobilenet_v2 (14 MB, once)";

// Smaller is better. Backbones of the user's own are not taken unasked for before those that are known.
size_t rank_of(const std::string& name) {
  const std::vector<std::string> order{"mobilenet_v2", "inception_v1", "vgg16"};
  for (size_t i = 0; i < order.size(); ++i) {
    if (name == order[i]) return 2 * i;
    if (starts_with(name, order[i])) return 2 * i + 1;
  }
  return 2 * order.size();
}

std::optional<std::string> base_that_is_there() {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const std::string& folder : backbone_folders())
    for (const auto& entry : fs::directory_iterator(folder, unreadable))
      if (entry.path().extension() == ".pt") names.push_back(entry.path().stem().string());
  if (names.empty()) return std::nullopt;
  return *std::min_element(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return rank_of(a) != rank_of(b) ? rank_of(a) < rank_of(b) : a < b;
  });
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  const std::string text = value ? lower(value) : "";
  return !text.empty() && text != "0" && text != "false";
}

// Why nothing is fetched; "" where it may be.
std::string fetching_is_off(const TrainRequest& request) {
  if (request.offline) return "--offline";
  for (const char* variable : {"CVTOOL_OFFLINE", "CI"})
    if (is_set(variable)) return std::string(variable) + " is set";
  return "";
}

// Remembers for an hour that the network failed, so that each training does not wait for it.
class FailedFetch {
 public:
  bool is_fresh() const {
    std::error_code none;
    const auto time = fs::last_write_time(path_, none);
    if (none) return false;
    const auto age = fs::file_time_type::clock::now() - time;
    return age >= age.zero() && age < std::chrono::hours(1);
  }
  void remember() const {
    try {
      make_folders(fs::path(path_).parent_path().string());
      write_file_atomically(path_, "the network did not answer\n");
    } catch (const Error&) {
      return;  // a read-only home: it is tried again
    }
  }

 private:
  std::string path_ = cache_folder() + "/weights/not-fetched";
};

void say_without(const std::string& why) {
  spdlog::info("no pretrained backbone ({}): from scratch; {}", why, kWhatItBrings);
}

// The name of the fetched one; nothing, with a line, where it cannot be had.
std::optional<std::string> fetched_base(const TrainRequest& request, Observer& observer) {
  const FailedFetch failed;
  if (const std::string off = fetching_is_off(request); !off.empty()) {
    say_without("none is there, and none is fetched: " + off);
    return std::nullopt;
  }
  if (failed.is_fresh()) {
    say_without("none is there, and fetching one failed within the hour");
    return std::nullopt;
  }
  const BackboneChoice choice = choose_backbone({kDefaultBase, "", 0});
  spdlog::info("fetching the backbone {} once ({}; {}) to {}; --offline or --base none does without", kDefaultBase,
               official_weights(choice).front().size, choice.spec.licence, printable(user_data_folder() + "/bases"));
  ImportRequest wanted;
  wanted.backbone = kDefaultBase;
  wanted.briefly = true;
  try {
    return import_job(wanted, observer).use;
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInterrupted) throw;
    failed.remember();
    say_without("it could not be fetched: " + std::string(error.what()).substr(0, std::string(error.what()).find(';')));
    return std::nullopt;
  }
}

bool is_left_open(const TrainRequest& request, const Json& model) {
  return request.recipe.empty() && request.from.empty() && !request.resumes && !model.contains("layers") &&
         !model.contains("preprocess");
}

}  // namespace

TrainRequest with_chosen_base(const TrainRequest& request, Observer& observer) {
  TrainRequest out = request;
  Json model = request.overrides.value("model", Json::object());
  const std::string asked = model.value("base", "");
  if (!asked.empty() && asked != "auto" && asked != "none") return out;
  model.erase("base");
  if (asked == "none" && !request.recipe.empty()) model["base"] = "";  // over the recipe's
  if (asked != "none" && (asked == "auto" ? request.recipe.empty() : is_left_open(request, model))) {
    std::optional<std::string> base = base_that_is_there();
    if (base)
      spdlog::info("on the pretrained backbone {} ({}); --base none trains from scratch", printable(*base),
                   printable(backbone_path(*base)));
    else
      base = fetched_base(request, observer);
    if (base) model["base"] = *base;
  }
  out.overrides["model"] = model;
  return out;
}

}  // namespace cvtool
