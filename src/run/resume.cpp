#include "run/resume.h"

#include <spdlog/spdlog.h>

#include <torch/serialize.h>

#include <nlohmann/json.hpp>

#include "base/document.h"
#include "base/error.h"
#include "base/text.h"
#include "run/run_directory.h"

namespace cvtool {
namespace {

// Every value of `json` by its path, "train.batch".
void flatten(const Json& json, const std::string& path, Json& out) {
  if (!json.is_object() || json.empty()) {
    out[path] = json;
    return;
  }
  for (const auto& [key, value] : json.items()) flatten(value, path.empty() ? key : path + "." + key, out);
}

std::string shortened(const Json& value) {
  const std::string text = value.dump();
  return text.size() > 40 ? text.substr(0, 37) + "..." : text;
}

std::vector<std::string> differences(const Json& before, const Json& now) {
  Json old_values = Json::object(), new_values = Json::object();
  flatten(before, "", old_values);
  flatten(now, "", new_values);
  // What an earlier version did not record cannot be compared; a net has no keys of its own accord.
  const auto is_unknown = [&](const std::string& name) {
    return !old_values.contains(name) && !starts_with(name, "settings.model.");
  };
  std::vector<std::string> names;
  for (const auto& [name, value] : new_values.items())
    if (const Json was = old_values.value(name, Json()); was != value && !is_unknown(name))
      names.push_back(name == "photos" ? "the photos have changed"
                                       : name + " was " + shortened(was) + " and is now " + shortened(value));
  for (const auto& [name, value] : old_values.items())
    if (!new_values.contains(name)) names.push_back(name + " was " + shortened(value) + " and is gone");
  return names;
}

// The section "run" of config.json.
struct StoredSettings {
  std::string data, from, device;
  int64_t threads = 0, max_pixels = 0;
  JsonObject session;
  std::vector<std::string> tried, advice;
};
void fields(StoredSettings& r, DocumentReader& visit) {
  visit("data", r.data, kRequired), visit("from", r.from), visit("device", r.device), visit("threads", r.threads);
  visit("max_pixels", r.max_pixels), visit("session", r.session);
  visit("tried", r.tried), visit("advice", r.advice);
}

StoppedRun read_stopped_run(const std::string& resume, const std::string& project) {
  StoppedRun run;
  run.folder = run_to_resume(resume, project);
  run.config = json_from_file(run.folder + "/config.json");
  if (!run.config.is_object() || !run.config.value("run", Json()).is_object())
    throw UsageError("--resume " + run.folder + ": its config.json is not a run's; train anew");
  read_document<StoredSettings>(run.config["run"], run.folder + "/config.json: run", "mend it, or train anew");
  run.checkpoint = load_checkpoint(run.folder);
  return run;
}

// As identifying_settings takes it.
bool is_recipe(const Json& json) {
  const auto object_or_none = [&](const char* key) { return !json.contains(key) || json[key].is_object(); };
  if (!json.is_object() || !object_or_none("data") || !object_or_none("transfer") || !object_or_none("train"))
    return false;
  const Json schedule = json.value("train", Json::object()).value("schedule", Json(""));
  return schedule.is_string();
}

// From rank 0, which alone needs to see the run's folder.
StoppedRun sent_run(const StoppedRun& own, Ranks& ranks) {
  const auto sent = [&](const std::string& text) { return ranks.from_first(text); };
  StoppedRun run;
  run.folder = sent(own.folder);
  run.config = Json::parse(sent(own.config.dump()));
  if (sent(own.checkpoint ? "checkpoint" : "").empty()) return run;
  run.checkpoint.emplace();
  const NamedTensors known = own.checkpoint ? own.checkpoint->tensors : NamedTensors();
  run.checkpoint->facts = Json::parse(sent(own.checkpoint ? own.checkpoint->facts.dump() : ""));
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : known) {
    names.push_back(name);
    tensors.push_back(tensor);
  }
  const std::vector<char> bytes = torch::pickle_save(torch::jit::IValue(tensors));
  const std::string all = sent({bytes.begin(), bytes.end()});
  tensors = torch::pickle_load({all.begin(), all.end()}).toTensorVector();
  const Json all_names = Json::parse(sent(Json(names).dump()));
  for (size_t i = 0; i < tensors.size(); ++i)
    run.checkpoint->tensors.emplace_back(all_names.at(i).get<std::string>(), tensors[i]);
  return run;
}

}  // namespace

StoppedRun open_stopped_run(const std::string& resume, const std::string& project, Ranks* ranks) {
  if (!ranks) return read_stopped_run(resume, project);
  const StoppedRun own = ranks->is_first() ? read_stopped_run(resume, project) : StoppedRun();
  const StoppedRun sent = sent_run(own, *ranks);
  return ranks->is_first() ? own : sent;
}

TrainingState state_to_resume(const StoppedRun& run, const Json& identity, bool force) {
  if (!run.checkpoint) {
    spdlog::info("{} has no checkpoint yet: from the beginning", run.folder);
    return {};
  }
  Json before = run.checkpoint->facts.value("identity", Json::object());
  if (!before.is_object() || (before.contains("settings") && !is_recipe(before["settings"])))
    throw Error(run.folder + "/" + kCheckpointFile + ": does not say of what training it is; train anew");
  if (before.contains("settings")) before["settings"] = identifying_settings(before["settings"]);
  if (!identity.contains("threads")) before.erase("threads");
  const std::vector<std::string> changed = differences(before, identity);
  TrainingState state = state_from(*run.checkpoint);
  if (!changed.empty()) {
    if (!force)
      throw UsageError(
          "--resume " + run.folder + ": " + join(changed, "; ") +
          ". The result would not be that of a run that was never stopped; keep it as it was, or add --force");
    spdlog::warn("{} (--force): epoch {} starts anew", join(changed, "; "), state.epoch);
    state.batches = 0;
    state.sums = {};
    state.seconds = 0;
  }
  return state;
}

Json identifying_settings(Json recipe) {
  for (const char* key : {"name", "description"}) recipe.erase(key);
  // How a list is read is no part of a training: its photos and labels are.
  if (recipe.contains("data"))
    for (const char* key : {"path_column", "label_column", "split_column", "group_column"}) recipe["data"].erase(key);
  recipe["transfer"].erase("feature_cache");
  Json& train = recipe["train"];
  train.erase("patience");
  // Where the learning rate follows them, they decide more than how long the run goes on.
  const std::string schedule = train.value("schedule", "constant");
  if (schedule != "plateau") train.erase("min_delta");
  if (schedule != "cosine" && schedule != "one_cycle") train.erase("epochs");
  return recipe;
}

}  // namespace cvtool
