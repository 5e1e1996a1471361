#include "evaluate/run_facts.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/document.h"
#include "base/files.h"
#include "base/text.h"
#include "base/version.h"
#include "model/model_info.h"
#include "report/curves.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr size_t kMaxClassesNamed = 12;

// A file beside the model, or "" where there is none that can be read.
std::string beside(const EvaluationSubject& subject, const char* name) {
  const fs::path path = fs::path(subject.model).parent_path() / name;
  std::error_code error;
  return fs::is_regular_file(path, error) ? read_file(path.string()) : "";
}

// An object beside the model; empty where there is none.
Json object_beside(const EvaluationSubject& subject, const char* name) {
  const Json object = Json::parse(beside(subject, name), nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? object : Json::object();
}

std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// What is read of the files beside the model.
struct StoredSplit {
  int64_t count = 0;
  Keyed<int64_t> labels;
  std::vector<Json> skipped;
};
void fields(StoredSplit& s, DocumentReader& visit) {
  visit("count", s.count, kRequired), visit("labels", s.labels), visit("skipped", s.skipped);
}

struct StoredData {
  std::optional<StoredSplit> train, valid;
};
void fields(StoredData& d, DocumentReader& visit) { visit("train", d.train), visit("valid", d.valid); }

struct StoredRun {
  std::string data, from;
  std::optional<int64_t> threads;
};
void fields(StoredRun& r, DocumentReader& visit) {
  visit("data", r.data), visit("from", r.from), visit("threads", r.threads);
}

struct StoredConfig {
  StoredRun run;
};
void fields(StoredConfig& c, DocumentReader& visit) { visit("run", c.run); }

// A damaged file costs the page a few lines, not the evaluation.
template <class Struct>
Struct stored_beside(const EvaluationSubject& subject, const char* name) {
  try {
    const std::string path = (fs::path(subject.model).parent_path() / name).string();
    return read_document<Struct>(object_beside(subject, name), path, "the report leaves it out");
  } catch (const Error& error) {
    spdlog::warn("{}", error.what());
    return {};
  }
}

std::string photos_text(const StoredSplit& split) {
  std::string text = counted(split.count, "photo");
  std::vector<std::string> parts;
  for (const auto& [name, count] : split.labels) parts.push_back(with_thousands(count) + " " + name);
  if (!parts.empty() && parts.size() <= kMaxClassesNamed) text += ": " + join(parts, ", ");
  const auto skipped = static_cast<int64_t>(split.skipped.size());
  return text + (skipped ? "; " + counted(skipped, "bad file") + " skipped" : "");
}

// Who decided which photos are for what.
std::string split_text(const EvaluationSubject& subject) {
  const std::string layout = subject.info.value("data", Json::object()).value("layout", "");
  const std::string by_hash = "by a hash of each file's name and the seed";
  if (layout.empty() || layout == "flat") return layout.empty() ? "" : by_hash;
  return "as the data set says; where it does not, " + by_hash;
}

void add_time(Facts& facts, const EvaluationSubject& subject) {
  const std::string csv = beside(subject, "history.csv");
  if (csv.empty()) return;
  History history;
  try {
    history = history_from_csv(csv);
  } catch (const DataError& error) {
    spdlog::warn("history.csv beside {}: {}; the report leaves it out", subject.model, error.what());
    return;
  }
  facts.emplace_back(
      "epochs", std::to_string(history.epochs.size()) +
                    (subject.info.contains("epoch") ? "; the model is of epoch " + subject.info["epoch"].dump() : ""));
  const HistoryColumn* seconds = history.find("seconds");
  double sum = 0;
  for (const double value : seconds ? seconds->values : std::vector<double>()) sum += std::isnan(value) ? 0 : value;
  if (sum > 0) facts.emplace_back("time", duration_text(sum));
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (starts_with(line, "model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "";
}

}  // namespace

Facts net_facts(const EvaluationSubject& subject) {
  Facts facts;
  const Json recipe = subject.info.value("recipe", Json::object());
  const std::string description = recipe.value("description", "");
  facts.emplace_back("recipe", recipe.value("name", "") + (description.empty() ? "" : ": " + description));
  if (const Json base = subject.info.value("base", Json()); base.is_object() && base.contains("name")) {
    facts.emplace_back("pretrained backbone", plain(base["name"]));
    if (const std::string licence = base_licence(base); !licence.empty())
      facts.emplace_back("licence of its weights", licence);
  }
  facts.emplace_back("input", plain(subject.info.at("imgsz")) + " px");
  const Json total = subject.info.value("summary", Json::object()).value("total", Json());
  if (total.is_number_integer()) facts.emplace_back("parameters", with_thousands(total.get<int64_t>()));
  const Json train = recipe.value("train", Json::object());
  if (train.contains("optimizer") && train.contains("lr") && train.contains("batch"))
    facts.emplace_back("optimizer", plain(train["optimizer"]) + ", learning rate " + train["lr"].dump() + ", batch " +
                                        train["batch"].dump());
  return facts;
}

Facts data_facts(const EvaluationSubject& subject) {
  Facts facts;
  const auto data = stored_beside<StoredData>(subject, "data.json");
  if (data.train) facts.emplace_back("training photos", photos_text(*data.train));
  if (data.valid) facts.emplace_back("validation photos", photos_text(*data.valid));
  if (const std::string how = split_text(subject); !how.empty()) facts.emplace_back("split", how);
  const Json digest = subject.info.value("data", Json::object()).value("digest", Json());
  if (digest.is_string()) facts.emplace_back("digest of the training data", digest.get<std::string>());
  return facts;
}

Facts training_facts(const EvaluationSubject& subject) {
  Facts facts = net_facts(subject);
  for (auto& fact : data_facts(subject)) facts.push_back(std::move(fact));
  add_time(facts, subject);
  return facts;
}

Facts environment_facts(const EvaluationSubject& subject) {
  Facts facts{
      {"cvtool", std::string(kVersion) +
                     (subject.info.contains("tool") ? "; the model was made by " + plain(subject.info["tool"]) : "")},
      {"LibTorch",
       torch_version() +
           (subject.info.contains("libtorch") ? "; the model was made with " + plain(subject.info["libtorch"]) : "")},
      {"device", subject.device + ", " + subject.precision + ", " + counted(at::get_num_threads(), "thread") +
                     (subject.runtime.empty() ? "" : "; computed by " + subject.runtime)}};
  utsname system{};
  if (::uname(&system) == 0)
    facts.emplace_back("system", std::string(system.sysname) + " " + system.release + ", " + system.machine);
  if (const std::string name = processor(); !name.empty()) facts.emplace_back("processor", name);
  return facts;
}

std::vector<std::string> repeating_commands(const EvaluationSubject& subject, const std::optional<double>& threshold) {
  std::vector<std::string> commands;
  const fs::path config = fs::path(subject.model).parent_path() / "config.json";
  const StoredRun run = stored_beside<StoredConfig>(subject, "config.json").run;
  if (!run.data.empty())
    commands.push_back("cvtool train --data " + shell_word(run.data) +
                       (run.from.empty() ? "" : " --from " + shell_word(run.from)) + " --recipe " +
                       shell_word(config.string()) + (run.threads ? " --threads " + std::to_string(*run.threads) : ""));
  commands.push_back("cvtool eval --data " + shell_word(subject.data) + " --model " + shell_word(subject.model) +
                     " --split " + subject.split + (subject.tta.empty() ? "" : " --tta " + subject.tta) +
                     (threshold ? " --threshold " + Json(*threshold).dump() : ""));
  return commands;
}

}  // namespace cvtool
