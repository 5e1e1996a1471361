#include "train/training_state.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/refusal.h"
#include "base/text.h"
#include "model/archive.h"
#include "model/state_dict.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kCheckpointFormat = 1;

std::string bytes_of(const Checkpoint& checkpoint) {
  c10::Dict<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : checkpoint.tensors) tensors.insert(name, tensor.detach().to(at::kCPU));
  Json facts = checkpoint.facts;
  facts["format"] = kCheckpointFormat;
  c10::impl::GenericDict file(c10::StringType::get(), c10::AnyType::get());
  file.insert("facts", facts.dump());
  file.insert("tensors", tensors);
  const std::vector<char> bytes = torch::jit::pickle_save(file);
  return {bytes.begin(), bytes.end()};
}

Checkpoint checkpoint_of(const std::string& path, const std::string& bytes) {
  check_archive(path, bytes, "it is not used");
  Checkpoint checkpoint;
  try {
    const c10::impl::GenericDict file = torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
    checkpoint.facts = Json::parse(file.at("facts").toStringRef());
    for (const auto& entry : file.at("tensors").toGenericDict())
      checkpoint.tensors.emplace_back(entry.key().toStringRef(), entry.value().toTensor());
    if (!checkpoint.facts.is_object()) throw Error("no object");
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(path + ": is damaged or no checkpoint");
  }
  const Json format = checkpoint.facts.value("format", Json());
  if (format != kCheckpointFormat)
    throw Error(path + ": is of checkpoint format " + format.dump() + ", this cvtool reads " +
                std::to_string(kCheckpointFormat));
  return checkpoint;
}

std::optional<Checkpoint> load_one(const std::string& path, std::string& problem) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  if (fs::is_directory(path, error))
    throw Error(path + ": is a folder, and a checkpoint goes there; move it elsewhere and run it again");
  try {
    return checkpoint_of(path, read_file(path));
  } catch (const Error& damage) {
    problem = damage.what();
    return std::nullopt;
  }
}

constexpr const char* kBestPrefix = "best/";

Json history_json(const std::vector<EpochReport>& history) {
  Json rows = Json::array();
  for (const EpochReport& report : history) {
    Json values = Json::object();
    for (const auto& [name, value] : report.values) values[name] = value;
    rows.push_back({{"epoch", report.epoch}, {"epochs", report.epochs}, {"best", report.best}, {"values", values}});
  }
  return rows;
}

std::vector<EpochReport> history_from(const Json& rows) {
  std::vector<EpochReport> history;
  for (const Json& row : rows) {
    EpochReport report{row.at("epoch"), row.at("epochs"), {}, row.at("best")};
    for (const auto& [name, value] : row.at("values").items()) report.values.emplace_back(name, value.get<double>());
    history.push_back(std::move(report));
  }
  return history;
}

}  // namespace

const at::Tensor* find_tensor(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [key, tensor] : tensors)
    if (key == name) return &tensor;
  return nullptr;
}

void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint) {
  const std::string path = folder + "/" + kCheckpointFile, bytes = bytes_of(checkpoint);
  AtomicFile fresh(path, FileKind::kOwn);
  fresh.write(bytes);
  fresh.flush();
  std::error_code none;
  fs::rename(path, folder + "/" + kPreviousCheckpointFile, none);  // the first one has no predecessor
  fresh.keep();
}

std::optional<Checkpoint> load_checkpoint(const std::string& folder) {
  std::string damage, older_damage;
  std::optional<Checkpoint> checkpoint = load_one(folder + "/" + kCheckpointFile, damage);
  if (checkpoint) return checkpoint;
  checkpoint = load_one(folder + "/" + kPreviousCheckpointFile, older_damage);
  if (checkpoint && !damage.empty())
    spdlog::warn("{}; going on from the checkpoint before it, {}/{}", damage, folder, kPreviousCheckpointFile);
  if (checkpoint || (damage.empty() && older_damage.empty())) return checkpoint;
  throw Error((damage.empty() ? older_damage : damage) + "; no whole checkpoint is left in " + folder +
              ": train anew, or go on from its best model with --from " + folder);
}

void put_into(const Snapshot& snapshot, torch::jit::Module net) {
  at::NoGradGuard no_grad;
  for (const auto& [name, weight] : named_tensors(net))
    if (const at::Tensor* wanted = find_tensor(snapshot.weights, name)) weight.copy_(*wanted);
}

Checkpoint checkpoint_of(const TrainingState& state) {
  Checkpoint checkpoint;
  checkpoint.facts = {{"epoch", state.epoch},
                      {"batches", state.batches},
                      {"all_batches", state.all_batches},
                      {"updates", state.updates},
                      {"tally", {state.sums.loss, state.sums.correct, state.sums.samples}},
                      {"seconds", state.seconds},
                      {"history", history_json(state.history)},
                      {"best_epoch", state.best.epoch},
                      {"phase", state.phase},
                      {"lr", state.lr},
                      {"optimizer_steps", state.optimizer_steps},
                      {"loss_scale", state.loss_scale},
                      {"steps_at_scale", state.steps_at_scale}};
  checkpoint.tensors = state.tensors;
  for (const auto& [name, tensor] : state.best.weights) checkpoint.tensors.emplace_back(kBestPrefix + name, tensor);
  return checkpoint;
}

TrainingState state_from(const Checkpoint& checkpoint) {
  TrainingState state;
  try {
    const Json& facts = checkpoint.facts;
    state.epoch = facts.at("epoch");
    state.batches = facts.at("batches");
    state.all_batches = facts.at("all_batches");
    state.updates = facts.at("updates");
    state.sums = {facts.at("tally").at(0), facts.at("tally").at(1), facts.at("tally").at(2)};
    state.seconds = facts.at("seconds");
    state.history = history_from(facts.at("history"));
    state.best.epoch = facts.at("best_epoch");
    state.phase = facts.at("phase");
    state.lr = facts.at("lr");
    state.optimizer_steps = facts.at("optimizer_steps");
    state.loss_scale = facts.at("loss_scale");
    state.steps_at_scale = facts.at("steps_at_scale");
  } catch (const Json::exception&) {
    throw Error("the checkpoint lacks a part; train anew");
  }
  const std::string best = kBestPrefix;
  for (const auto& [name, tensor] : checkpoint.tensors)
    if (starts_with(name, best))
      state.best.weights.emplace_back(name.substr(best.size()), tensor);
    else
      state.tensors.emplace_back(name, tensor);
  return state;
}

}  // namespace cvtool
