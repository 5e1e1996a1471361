#include "engine/base_choice.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "data/list/listing.h"
#include "engine/base_import.h"
#include "model/bases/backbone_file.h"
#include "run/run_directory.h"
#include "spec/recipe.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kNone = "none";

// The weights that are fetched where no base is ready: the first of the table that can be.
WeightEntry preferred_weights() {
  for (WeightEntry& entry : weight_table().entries)
    if (entry.can_be_fetched()) return entry;
  return {};
}

// Names of the bases that can be imported, the preferred first.
std::vector<std::string> known_in_order() {
  std::vector<std::string> names;
  for (const WeightEntry& entry : weight_table().entries) names.push_back(entry.name);
  return names;
}

// Names of all files in the folders, the preferred first.
std::vector<std::string> names_in_folders() {
  std::set<std::string> there;
  for (const std::string& folder : backbone_folders()) {
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
      if (entry->path().extension() == ".pt") there.insert(entry->path().stem().string());
  }
  std::vector<std::string> names;
  for (const std::string& name : known_in_order())
    if (there.erase(name) > 0) names.push_back(name);
  names.insert(names.end(), there.begin(), there.end());
  return names;
}

// "" where fetching is allowed.
std::string reason_to_stay_offline(const TrainRequest& request) {
  if (request.offline) return "--offline";
  for (const char* name : {"CVTOOL_OFFLINE", "CI"}) {
    const char* value = std::getenv(name);
    const std::string text = value ? lower(value) : "";
    if (!text.empty() && text != "0" && text != "false") return std::string(name) + " is set";
  }
  return "";
}

// Remembers that fetching failed, so that a machine without a network waits for it once an hour. Lies where
// `cvtool cache clear` finds it.
class FailureMark {
 public:
  // "" where that is an hour ago, or never was.
  std::string text() const {
    std::error_code error;
    if (!fs::is_regular_file(path_, error)) return "";
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path_, error);
    if (error || age < age.zero() || age >= std::chrono::hours(1)) return "";
    return "fetching one failed within the last hour";
  }
  void set(const std::string& reason) const {
    try {
      make_folders(fs::path(path_).parent_path().string());
      write_file_atomically(path_, reason + "\n");
    } catch (const std::exception&) {
      return;  // without a cache nothing is fetched either
    }
  }
  void clear() const {
    std::error_code error;
    fs::remove(path_, error);
  }

 private:
  std::string path_ = cache_folder() + "/weights/not-fetched";
};

// A message of ours without its next step, on one line.
std::string reason_of(const std::exception& error) {
  const std::string text = failure_text(error);
  return printable(text.substr(0, std::min(text.find("; "), text.find('\n'))));
}

class BaseChooser {
 public:
  BaseChooser(const TrainRequest& request, Observer& observer) : observer_(observer) { choice_.request = request; }

  BaseChoice choose() {
    const TrainRequest& request = choice_.request;
    const std::string wish = model_given().value("base", "");
    if (request.resumes || !request.from.empty() || !request.recipe.empty()) {
      if (wish == kAuto || wish == kNone) leave_to_recipe(wish);
      return choice_;
    }
    if (wish == kNone) return from_scratch("--base none", /*advise=*/false);
    if (!wish.empty() && wish != kAuto) return take({wish, backbone_path(wish)}, "");
    if (wish.empty() && model_given().contains("preprocess"))
      return from_scratch("--preprocess is of a net without one", /*advise=*/false);
    prepare_process(static_cast<int>(request.run.threads));
    if (const auto ready = ready_base()) return take_ready(*ready);
    // Whatever else is wrong is told of before anything is fetched.
    if (!request.data.empty() && !is_data_there(request.data)) return undecided();
    check_run_name(request.project, request.name);
    if (const std::string reason = reason_to_stay_offline(request); !reason.empty()) return from_scratch(reason);
    if (const std::string reason = mark_.text(); !reason.empty()) return from_scratch(reason);
    return fetched();
  }

 private:
  Json model_given() const { return choice_.request.overrides.value("model", Json::object()); }

  void set_base(const std::string& name) {
    Json& overrides = choice_.request.overrides;
    if (!name.empty())
      overrides["model"]["base"] = name;
    else if (overrides.contains("model"))
      overrides["model"].erase("base");
  }

  // --base auto or none beside what says itself what the net is.
  void leave_to_recipe(const std::string& wish) {
    const TrainRequest& request = choice_.request;
    const std::string flag = request.resumes ? "--resume" : !request.from.empty() ? "--from" : "--recipe";
    const bool whole_net = wish == kNone && flag == "--recipe" &&
                           load_recipe(request.recipe, Json::object()).model.value("base", "").empty();
    if (!whole_net)
      throw UsageError("--base " + wish + ": " + flag + " says what the net is; leave one of the two out");
    set_base("");
  }

  BaseChoice take(const ReadyBase& base, const std::string& hint) {
    set_base(base.name);
    choice_.base = base;
    spdlog::info("pretrained backbone {} from {}{}", base.name, base.file, hint);
    return choice_;
  }

  BaseChoice take_ready(const ReadyBase& base) {
    choice_.automatic = base.name;
    return take(base, " (--base none trains from scratch)");
  }

  // The rest of the plan says what is wrong.
  BaseChoice undecided() {
    set_base("");
    return choice_;
  }

  BaseChoice from_scratch(const std::string& reason, bool advise = true) {
    set_base("");
    if (advise) choice_.automatic = kNone;
    // A head alone is refused for want of a base.
    if (model_given().contains("layers")) return choice_;
    spdlog::info("no pretrained backbone ({}): training from scratch{}", reason, advise ? advice() : "");
    return choice_;
  }

  static std::string advice() { return "; " + import_advice() + " usually makes a far better model from few photos"; }

  BaseChoice fetched() {
    TrainRequest checked = choice_.request;
    checked.overrides["model"]["base"] = preferred_weights().name;
    load_recipe(kDefaultTransferRecipe, checked.overrides);
    try {
      return take_ready(fetch());
    } catch (const Error& error) {
      if (error.code() == ExitCode::kInterrupted) throw;
      return failed(error);
    } catch (const std::exception& error) {
      return failed(error);
    }
  }

  BaseChoice failed(const std::exception& error) {
    const std::string reason = reason_of(error);
    mark_.set(reason);
    return from_scratch(reason);
  }

  ReadyBase fetch() {
    constexpr int64_t kAnswer_s = 4, kSlow_s = 5, kMinBytesPerSecond = 20'000;
    const WeightEntry weights = preferred_weights();
    if (weights.name.empty()) throw Error("the table of weights has none that can be fetched; import a base by hand");
    ImportRequest request;
    request.backbone = weights.name;
    const BackboneChoice choice = choose_backbone(wish_of(request));
    const std::string file = base_output(choice), folder = fs::path(file).parent_path().string();
    if (::access(folder.c_str(), W_OK) != 0) throw Error("cannot write into " + folder + ": " + std::strerror(errno));
    const auto lock = lock_of(folder);
    if (const auto ready = ready_base()) return *ready;  // another run has fetched it meanwhile
    FetchPatience patience{kAnswer_s, kAnswer_s, kSlow_s, kMinBytesPerSecond, ""};
    patience.announcement = "fetching the pretrained backbone " + weights.name + " (" + weights.size +
                            ", once; licence: " + (weights.licence.empty() ? choice.spec.licence : weights.licence) +
                            ") to " + file;
    import_base(request, patience, observer_);
    mark_.clear();
    return {backbone_file_name(choice), file};
  }

  // Runs that begin together fetch one after the other.
  std::unique_ptr<const FileLock> lock_of(const std::string& folder) {
    for (bool first = true;; first = false) {
      auto lock = std::make_unique<const FileLock>(folder, O_DIRECTORY, LOCK_EX | LOCK_NB);
      if (!lock->refused()) return lock;
      if (first) spdlog::info("another cvtool is fetching a pretrained backbone: waiting for it");
      if (observer_.stop_requested()) throw Error("interrupted", ExitCode::kInterrupted);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  BaseChoice choice_;
  Observer& observer_;
  FailureMark mark_;
};

}  // namespace

std::string import_advice() {
  const WeightEntry weights = preferred_weights();
  return "`cvtool import " + weights.name + "` (" + weights.size + ", once)";
}

std::optional<ReadyBase> ready_base() {
  for (const std::string& name : names_in_folders()) {
    try {
      const std::string file = backbone_path(name);
      load_backbone(file);
      return ReadyBase{name, file};
    } catch (const Error& error) {
      spdlog::warn("{}; passed over", error.what());
    }
  }
  return std::nullopt;
}

BaseChoice choose_base(const TrainRequest& request, Observer& observer) {
  return BaseChooser(request, observer).choose();
}

}  // namespace cvtool
