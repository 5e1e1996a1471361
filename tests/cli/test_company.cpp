// Several processes that train one net together.
#include <csignal>

#include "cli/company.h"

namespace fs = std::filesystem;
using namespace cvtool;

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
  Invocation preview = company.invocation({"data", "preview", company.photos, "-o", "sheet.jpg"});
  preview.environment = alone;
  check_refused(run_program(preview), 2, {"'cvtool data preview' works in one process"});
  Invocation absent = company.invocation(company.training("absent", {"--dist-timeout", "1"}));
  absent.environment = first.environment;
  check_refused(run_program(absent), 1, {"rank 1 of 2 has not come to 127.0.0.1:" + port + " within 1 s"});
}

TEST_CASE("A launcher that starts all anew after a failure has them go on with the run that they began") {
  const Company& company = Company::get();
  std::map<std::string, std::string> torchrun{{"TORCHELASTIC_RUN_ID", "job"}, {"TORCHELASTIC_RESTART_COUNT", "0"}};
  const std::vector<std::string> words =
      company.training("anew", {"--epochs", "4", "--checkpoint-minutes", "0", "--dist-timeout", "3"});
  const auto programs = company.start({words, words}, torchrun);
  REQUIRE(programs[0]->wait_for_message("Epoch 1/4"));
  programs[1]->send(SIGKILL);
  CHECK(programs[0]->wait().code == 1);
  torchrun["TORCHELASTIC_RESTART_COUNT"] = "1";
  for (const auto& program : company.start({words, words}, torchrun)) {
    const Outcome outcome = program->wait();
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK((outcome.err.empty() || contains(outcome.err, "starts all anew: going on with runs/anew")));
    CHECK((outcome.err.empty() || contains(outcome.err, "going on in epoch")));
  }
  REQUIRE(company(company.training("at once", {"--epochs", "4"})).code == 0);
  company.check_same_run("anew", "at once");
}
