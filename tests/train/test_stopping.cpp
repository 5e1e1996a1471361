#include "train/stopping.h"

#include <doctest/doctest.h>

#include <cmath>

#include "scratch.h"

using namespace cvtool;

namespace {

std::vector<EpochReport> history_of(const std::vector<std::pair<double, double>>& losses_and_accuracies) {
  std::vector<EpochReport> history;
  for (const auto& [loss, accuracy] : losses_and_accuracies)
    history.push_back({static_cast<int64_t>(history.size()) + 1,
                       9,
                       {{"loss", 1}, {"val_loss", loss}, {"val_binary_accuracy", accuracy}},
                       false});
  return history;
}

}  // namespace

TEST_CASE("The best epoch has the largest accuracy, among equals the smallest loss") {
  CHECK(last_is_best(history_of({{0.5, 0.7}}), "val_accuracy"));
  CHECK(last_is_best(history_of({{0.5, 0.7}, {0.9, 0.8}}), "val_accuracy"));
  CHECK(last_is_best(history_of({{0.5, 0.7}, {0.4, 0.7}}), "val_accuracy"));
  CHECK_FALSE(last_is_best(history_of({{0.5, 0.7}, {0.5, 0.7}}), "val_accuracy"));
  CHECK_FALSE(last_is_best(history_of({{0.5, 0.8}, {0.1, 0.7}, {0.4, 0.7}}), "val_accuracy"));
  CHECK(last_is_best(history_of({{0.5, 0.8}, {0.4, 0.7}}), "val_loss"));
}

TEST_CASE("Epochs without improvement are counted from the last change above min_delta") {
  const auto history = history_of({{1.0, 0}, {0.8, 0}, {0.79, 0}, {0.78, 0}, {0.9, 0}});
  CHECK(epochs_without_improvement(history, {"val_loss", 3, 0}) == 1);
  CHECK(epochs_without_improvement(history, {"val_loss", 3, 0.05}) == 3);
}

TEST_CASE("A plateau drops once after each run of epochs without improvement") {
  TrainConfig config;
  config.schedule.schedule = "plateau";
  config.schedule.decay_every = 2;
  config.stopping.monitor = "val_loss";
  CHECK(plateau_drops(history_of({{1, 0}, {1, 0}}), config) == 0);
  CHECK(plateau_drops(history_of({{1, 0}, {1, 0}, {1, 0}}), config) == 1);
  CHECK(plateau_drops(history_of({{1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 0}}), config) == 2);
  CHECK(plateau_drops(history_of({{1, 0}, {1, 0}, {1, 0}, {0.5, 0}, {1, 0}}), config) == 1);
  config.schedule.schedule = "step";
  CHECK(plateau_drops(history_of({{1, 0}, {1, 0}, {1, 0}}), config) == 0);
}

TEST_CASE("A figure that the run does not measure cannot be monitored") {
  CHECK(resolve_monitor("auto", true) == "val_accuracy");
  CHECK(resolve_monitor("auto", false) == "loss");
  CHECK(resolve_monitor("val_binary_accuracy", true) == "val_accuracy");
  CHECK(contains(message_of([] { resolve_monitor("val_loss", false); }), "no validation photos"));
  CHECK(std::isnan(value_of({}, "loss")));
}

TEST_CASE("What waits for a figure is refused where none is monitored") {
  CHECK(resolve_monitor(kNoMonitor, false) == kNoMonitor);
  TrainConfig config;
  config.stopping.monitor = kNoMonitor;
  CHECK_NOTHROW(check_monitor(config));
  config.schedule.schedule = "plateau";
  CHECK(contains(message_of([&] { check_monitor(config); }), "--schedule plateau"));
  config.schedule.schedule = "cosine";
  config.stopping.patience = 2;
  CHECK(contains(message_of([&] { check_monitor(config); }), "--patience"));
  config.stopping.monitor = "loss";
  CHECK_NOTHROW(check_monitor(config));
}
