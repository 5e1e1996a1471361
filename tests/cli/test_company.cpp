// Several processes that train one net together.
#include <csignal>
#include <memory>

#include "cli/session.h"
#include "free_port.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Batches of several parts, what meets in them, what draws, and what looks at the photos behind a batch.
constexpr const char* kRecipe = R"({
  "name": "shared",
  "data": {"imgsz": 64},
  "augment": [{"kind": "random_flip", "mode": "horizontal"}, {"kind": "mixup"}],
  "model": {"layers": [
    {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "bias": false},
    {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
    {"kind": "max_pool2d"}, {"kind": "dropout", "rate": 0.1}, {"kind": "flatten"}, {"kind": "dense"}]},
  "train": {"epochs": 2, "batch": 48, "lr": 0.01, "clip_norm": 1, "ema": 0.9}})";

struct Company {
  Scratch scratch;
  std::string photos = scratch / "photos";

  Company() {
    scratch.write("shared.json", kRecipe);
    REQUIRE((*this)({"data", "sample", photos, "--train-per-class", "40", "--valid-per-class", "40", "--test-per-class",
                     "1", "--size", "72x72"})
                .code == 0);
  }
  static const Company& get() {
    static const Company company;
    return company;
  }

  Invocation invocation(const std::vector<std::string>& arguments) const {
    Invocation out;
    out.arguments = arguments;
    out.folder = scratch.path();
    return out;
  }
  Outcome operator()(const std::vector<std::string>& arguments) const { return run_program(invocation(arguments)); }

  std::vector<std::string> training(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"train",     "--data", photos,   "--recipe", "shared.json",
                                   "--threads", "1",      "--name", name};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::vector<std::unique_ptr<RunningProgram>> start(int size, const std::vector<std::string>& arguments) const {
    const std::string port = std::to_string(free_port());
    std::vector<std::unique_ptr<RunningProgram>> programs;
    for (int rank = 0; rank < size; ++rank) {
      Invocation one = invocation(arguments);
      one.environment = {{"RANK", std::to_string(rank)},
                         {"WORLD_SIZE", std::to_string(size)},
                         {"MASTER_ADDR", "127.0.0.1"},
                         {"MASTER_PORT", port}};
      programs.push_back(std::make_unique<RunningProgram>(one));
    }
    return programs;
  }

  std::vector<Outcome> together(int size, const std::vector<std::string>& arguments) const {
    std::vector<Outcome> outcomes;
    for (const auto& program : start(size, arguments)) outcomes.push_back(program->wait());
    return outcomes;
  }

  void check_same_run(const std::string& run, const std::string& other) const {
    for (const std::string file : {"/best.pt", "/last.pt"})
      CHECK((content_of(scratch / ("runs/" + run + file)) == content_of(scratch / ("runs/" + other + file))));
    CHECK(timeless(content_of(scratch / ("runs/" + run + "/history.csv"))) ==
          timeless(content_of(scratch / ("runs/" + other + "/history.csv"))));
  }
};

const std::string& run_of_one() {
  static const std::string name = [] {
    const Outcome outcome = Company::get()(Company::get().training("one"));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return "one";
  }();
  return name;
}

}  // namespace

TEST_CASE("Two and three processes train the net of one, byte for byte, and rank 0 alone tells of it") {
  const Company& company = Company::get();
  run_of_one();
  for (const int size : {2, 3}) {
    const std::string name = "by" + std::to_string(size);
    const std::vector<Outcome> outcomes = company.together(size, company.training(name));
    for (const Outcome& outcome : outcomes) {
      CAPTURE(outcome.err);
      CHECK(outcome.code == 0);
    }
    company.check_same_run(name, run_of_one());
    CHECK(contains(outcomes[0].err, std::to_string(size) + " processes"));
    CHECK(outcomes[1].out.empty());
    CHECK(outcomes[1].err.empty());
  }
  CHECK(names_in(company.scratch / "runs").count("by22") == 0);
}

TEST_CASE(
    "A process that is killed, or stands still, ends the others within the time that was given; its rank is named") {
  const Company& company = Company::get();
  for (const int signal : {SIGKILL, SIGSTOP}) {
    CAPTURE(signal);
    const std::string name = signal == SIGKILL ? "killed" : "stopped";
    const auto programs = company.start(2, company.training(name, {"--epochs", "100000", "--dist-timeout", "3"}));
    REQUIRE(programs[0]->wait_for_message("Epoch      2/100000"));
    programs[1]->send(signal);
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = programs[0]->wait();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    if (signal == SIGSTOP) programs[1]->send(SIGKILL);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, "rank 1 on "));
    CHECK(contains(outcome.err, signal == SIGKILL ? "has gone" : "has been silent for"));
    CHECK_FALSE(contains(outcome.err, "internal error"));
    for (const std::string& file : names_in(company.scratch / ("runs/" + name))) CHECK_FALSE(contains(file, ".part"));
  }
}

TEST_CASE("SIGTERM to one process stops all with a checkpoint, from which one process goes on to the same net") {
  const Company& company = Company::get();
  const auto programs = company.start(2, company.training("ended", {"--epochs", "100000"}));
  REQUIRE(programs[0]->wait_for_message("Epoch      1/100000"));
  programs[1]->send(SIGTERM);
  for (const auto& program : programs) {
    const Outcome outcome = program->wait();
    CAPTURE(outcome.err);
    CHECK(outcome.code == 130);
  }
  const std::string history = content_of(company.scratch / "runs/ended/history.csv");
  const auto epochs = std::to_string(std::count(history.begin(), history.end(), '\n'));
  const Outcome resumed = company({"train", "--resume", "runs/ended", "--epochs", epochs, "--threads", "1"});
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  REQUIRE(company(company.training("whole", {"--epochs", epochs})).code == 0);
  company.check_same_run("ended", "whole");
}

TEST_CASE("What one of the processes cannot do ends all: another folder, other flags, a command for one process") {
  const Company& company = Company::get();
  const std::string port = std::to_string(free_port());
  Invocation first = company.invocation(company.training("unequal")), second = first;
  second.arguments.insert(second.arguments.end(), {"--lr", "0.5"});
  first.environment = {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}};
  second.environment = first.environment;
  second.environment["RANK"] = "1";
  RunningProgram one(first), other(second);
  for (RunningProgram* program : {&one, &other})
    check_refused(program->wait(), 1, {"rank 1 on ", "the recipe and flags differ from those of rank 0"});
  CHECK_FALSE(fs::exists(company.scratch / "runs/unequal"));
  const std::map<std::string, std::string> alone{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}};
  Invocation eval = company.invocation({"eval", "--data", company.photos});
  eval.environment = alone;
  check_refused(run_program(eval), 2, {"'cvtool eval' works in one process"});
  Invocation absent = company.invocation(company.training("absent", {"--dist-timeout", "1"}));
  absent.environment = first.environment;
  check_refused(run_program(absent), 1, {"rank 1 of 2 has not come to 127.0.0.1:" + port + " within 1 s"});
}
