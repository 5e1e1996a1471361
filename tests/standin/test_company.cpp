// Trainings that two processes share, each with a stand-in of its own: what comes out is what one process makes.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json.h"
#include "free_port.h"
#include "standin/runs.h"

using namespace cvtool;

namespace {

constexpr const char* kTaskVariable = "STANDIN_TASK";

// The figures of all epochs, and what the device was asked for in a step.
Json told(const StepCounter& counter) {
  Json epochs = Json::array();
  for (const EpochReport& report : counter.epochs)
    for (const auto& [name, value] : report.values)
      if (name == "loss" || name == "val_loss") epochs.push_back(value);
  const StepTable table = table_of(counter.steps);
  return {{"losses", epochs}, {"steps", table.steps}, {"races", table.races}, {"text", text_of(table)}};
}

// This program once for each rank, each of which runs the case below.
Json of_two(const std::string& name, const Json& recipe) {
  const Workshop& workshop = Workshop::get();
  const TrainRequest request = workshop.training(name, recipe);
  const std::string task = workshop.scratch.write(
      name + ".task",
      Json{{"data", request.data}, {"recipe", request.recipe}, {"project", request.project}, {"name", name}}.dump());
  const std::string program = std::filesystem::canonical("/proc/self/exe").string();
  const std::string meeting =
      "WORLD_SIZE=2 LOCAL_WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=" + std::to_string(free_port()) + " " +
      kTaskVariable + "='" + task + "' ";
  std::vector<std::thread> ranks;
  for (const char* rank : {"0", "1"})
    ranks.emplace_back([&, rank] {
      const std::string command = std::string("RANK=") + rank + " LOCAL_RANK=" + rank + " " + meeting + program +
                                  " --no-skip -tc='One of several processes' >" + task + rank + ".log 2>&1";
      CHECK_MESSAGE(std::system(command.c_str()) == 0, content_of(task + rank + ".log"));
    });
  for (std::thread& rank : ranks) rank.join();
  return json_from_file(task + ".told");
}

Json of_one(const std::string& name, const Json& recipe) {
  StepCounter counter;
  train_job(Workshop::get().training(name, recipe), counter);
  return told(counter);
}

void check_shared(const std::string& name, const Json& recipe) {
  const Json one = of_one(name + "-one", recipe), two = of_two(name + "-two", recipe);
  MESSAGE(name << " by two processes: " << two["text"].get<std::string>());
  CHECK(two["steps"] == one["steps"]);
  CHECK(two["races"] == 0);
  REQUIRE(two["losses"].size() == one["losses"].size());
  for (size_t i = 0; i < one["losses"].size(); ++i)
    CHECK(two["losses"][i].get<double>() == doctest::Approx(one["losses"][i].get<double>()).epsilon(1e-4));
}

}  // namespace

TEST_CASE("One of several processes" * doctest::skip()) {
  const char* task = std::getenv(kTaskVariable);
  REQUIRE(task != nullptr);
  standin::make_known();
  const Json asked = json_from_file(task);
  TrainRequest request;
  request.data = asked["data"];
  request.recipe = asked["recipe"];
  request.project = asked["project"];
  request.name = asked["name"];
  request.run.device = standin::kName;
  request.run.workers = 1;
  request.run.threads = 1;
  request.offline = true;
  StepCounter counter;
  train_job(request, counter);
  if (!counter.epochs.empty()) std::ofstream(std::string(task) + ".told") << told(counter).dump();
}

TEST_CASE("Two processes, each with a device of its own, train the net that one trains") {
  const Json averaged{{"accumulate", 2}, {"clip_norm", 0.5}, {"ema", 0.9}, {"optimizer", "adamw"}, {"lr", 0.001}};
  check_shared("scratch", with(small_net(), {{"train", averaged}}));
  check_shared("flips", with(small_net(), {{"augment", {{{"kind", "random_flip"}}, {{"kind", "mixup"}}}},
                                           {"train", {{"lr", 0.0001}}}}));
}

TEST_CASE("Two processes share the features of a frozen backbone, and its fine-tuning") {
  check_shared("frozen", on_backbone());
  check_shared("fine", with(on_backbone(),
                            {{"transfer", {{"fine_tune", "all"}, {"freeze_epochs", 1}}}, {"train", {{"lr", 0.001}}}}));
}

// What overflows is not the same in a batch's pieces as in the whole, so other steps may be skipped.
TEST_CASE("Two processes in half precision go the same way as each other") {
  const Json two = of_two("half", with(small_net(), {{"train", {{"precision", "fp16"}, {"lr", 0.001}}}}));
  CHECK(two["steps"] == 38);
  CHECK(two["races"] == 0);
  for (const Json& loss : two["losses"]) CHECK(loss.get<double>() < 1.5);
}
