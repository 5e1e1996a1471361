#include "train/training_state.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

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

Checkpoint checkpoint_of(const TrainingState& state) {
  Checkpoint checkpoint;
  checkpoint.facts = {{"epoch", state.epoch},
                      {"batches", state.batches},
                      {"all_batches", state.all_batches},
                      {"updates", state.updates},
                      {"tally", {state.tally.loss, state.tally.hits, state.tally.samples}},
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
    state.tally = {facts.at("tally").at(0), facts.at("tally").at(1), facts.at("tally").at(2)};
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
