// Plain training, which finds out by itself how photos are best trained on, from outside.
#include <filesystem>

#include "cli/session.h"

using namespace cvtool;

namespace {

std::string small_backbone() {
  static const Scratch folder;
  static const bool made = [] {
    Invocation python;
    python.program = CVTOOL_PYTHON;
    python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/make_bases.py", folder.path()};
    return run_program(python).code == 0;
  }();
  REQUIRE(made);
  return folder / "scripted.pt";
}

Outcome plain(const std::string& name, std::vector<std::string> more) {
  std::vector<std::string> arguments{"train", "--data", Session::get().photos, "--imgsz", "32", "--name", name};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Session::get()(arguments);
}

Json config_of_run(const std::string& name) {
  return Json::parse(content_of(Session::get().scratch / ("runs/" + name + "/config.json")));
}

// Of each epoch all that does not depend on the clock.
std::vector<std::string> figures(const std::string& name) {
  std::istringstream in(content_of(Session::get().scratch / ("runs/" + name + "/history.csv")));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    size_t end = 0;
    for (int column = 0; column < 5 && end != std::string::npos; ++column) end = line.find(',', end + 1);
    lines.push_back(line.substr(0, end));
  }
  return lines;
}

}  // namespace

TEST_CASE("Plain training from scratch tries what pays, says so, and leaves plain epochs that repeat it") {
  const Outcome searched = plain("searched", {"--base", "none", "--budget", "0.1"});
  CAPTURE(searched.err);
  REQUIRE(searched.code == 0);
  CHECK(contains(searched.err, "finding out how these photos are best trained on"));
  CHECK(contains(searched.err, "chosen: a net from scratch"));
  CHECK_FALSE(contains(searched.err, "Trial"));
  const Json config = config_of_run("searched");
  CHECK(config["train"]["monitor"] == "none");
  CHECK(config["run"]["tried"].size() >= 2);
  const std::vector<std::string> found = figures("searched");
  CHECK(found.size() >= 2);
  CHECK(contains(searched.out, "last epoch"));

  const Outcome again = Session::get()(
      {"train", "--data", Session::get().photos, "--recipe", "runs/searched/config.json", "--name", "searched-again"});
  CAPTURE(again.err);
  REQUIRE(again.code == 0);
  CHECK_FALSE(contains(again.err, "finding out"));
  // Where the machine was slower than before, the minutes have cut the training off.
  std::vector<std::string> repeated = figures("searched-again");
  CHECK(static_cast<int64_t>(repeated.size()) == config["train"]["epochs"].get<int64_t>() + 1);
  REQUIRE(repeated.size() >= found.size());
  repeated.resize(found.size());
  CHECK(found == repeated);
}

TEST_CASE("On a backbone the head's optimum comes first, and the same command chooses the same") {
  for (const std::string name : {"probed", "probed-again"}) {
    const Outcome outcome = plain(name, {"--base", small_backbone(), "--budget", "none", "--seed", "3"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(contains(outcome.err, "the head's optimum on frozen"));
    CHECK(contains(outcome.err, "mirrored too"));
    CHECK(contains(outcome.out + outcome.err, "fitted to half of the photos"));
  }
  const Json config = config_of_run("probed");
  CHECK(config["transfer"]["probe"] == true);
  CHECK(config["run"]["tried"] == config_of_run("probed-again")["run"]["tried"]);
  CHECK(figures("probed") == figures("probed-again"));
  // What was said of the photos is found again when the terminal is closed.
  REQUIRE(!config["run"]["advice"].empty());
  const std::string log = content_of(Session::get().scratch / "runs/probed/log.txt");
  for (const char* key : {"tried", "advice"})
    for (const Json& sentence : config["run"][key]) CHECK(contains(log, sentence.get<std::string>()));
}

TEST_CASE("Trials are events, and none of their epochs is taken for the run's") {
  const Outcome outcome = plain("events", {"--base", small_backbone(), "--budget", "1", "--json"});
  REQUIRE(outcome.code == 0);
  const std::vector<Json> lines = json_lines(outcome.out);
  int64_t epochs = 0;
  bool started = false;
  for (const Json& line : lines) {
    if (line["event"] == "start") started = true;
    if (line["event"] == "trial") CHECK_FALSE(started);
    if (line["event"] == "epoch") ++epochs;
  }
  CHECK(lines.front()["event"] == "trial");
  CHECK(epochs >= 1);
  CHECK(epochs <= config_of_run("events")["train"]["epochs"]);
}

TEST_CASE("Who says how it is trained is not asked, and a budget that is none is refused") {
  const Outcome fixed = plain("fixed", {"--base", "none", "--epochs", "1"});
  CHECK(fixed.code == 0);
  CHECK_FALSE(contains(fixed.err, "finding out"));
  CHECK_FALSE(contains(fixed.err, "--budget"));
  const Outcome both = plain("both", {"--base", "none", "--epochs", "1", "--budget", "3"});
  CHECK(both.code == 0);
  CHECK(contains(both.err, "--budget: nothing is searched for"));
  for (const std::string budget : {"0", "-1", "soon", "1x", "nan"}) {
    CAPTURE(budget);
    const Outcome refused = plain("never", {"--budget", budget});
    CHECK(refused.code == 2);
    CHECK(contains(refused.err, "--budget"));
  }
}

TEST_CASE("Ctrl-C while ways are tried leaves nothing behind") {
  const Outcome stopped = interrupted_after("finding out", {"train", "--data", Session::get().photos, "--base", "none",
                                                            "--name", "stopped", "--imgsz", "96", "--budget", "5"});
  CHECK(stopped.code == 130);
  CHECK(contains(stopped.err, "nothing was written"));
  CHECK_FALSE(std::filesystem::exists(Session::get().scratch / "runs/stopped"));
}

TEST_CASE("Of a photo per class a model is made too, and few photos stay within the minutes") {
  namespace fs = std::filesystem;
  const Scratch folder;
  size_t classes = 0;
  for (const auto& entry : fs::directory_iterator(Session::get().photos + "/train")) {
    const fs::path to = fs::path(folder / "few") / entry.path().filename();
    fs::create_directories(to);
    const auto first = fs::directory_iterator(entry.path());
    fs::copy_file(first->path(), to / "one.jpg");
    ++classes;
  }
  REQUIRE(classes == 2);
  const auto train = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> arguments{"train", "--data", folder / "few", "--imgsz", "32", "--name", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Session::get()(arguments);
  };
  const Outcome probed = train("few", {"--base", small_backbone()});
  CAPTURE(probed.err);
  CHECK(probed.code == 0);
  CHECK_FALSE(contains(probed.out + probed.err, "fitted to half of the photos"));

  const Outcome scratch = train("few-scratch", {"--base", "none", "--budget", "0.002"});
  CAPTURE(scratch.err);
  REQUIRE(scratch.code == 0);
  CHECK(figures("few-scratch").size() < 100);  // of 120 epochs and a header
  CHECK(scratch.err.find("finding out") < scratch.err.find("chosen:"));
}

TEST_CASE("A class of which no photo is left is named") {
  const Scratch folder;
  for (const std::string name : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    std::filesystem::create_directories(folder / "photos/Car");
    std::filesystem::create_directories(folder / "photos/broken");
    folder.write("photos/broken/" + name + ".jpg", "no photo");
  }
  size_t copied = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Session::get().photos + "/train/Car"))
    std::filesystem::copy_file(entry.path(), folder / ("photos/Car/" + std::to_string(copied++) + ".jpg"));
  const Outcome outcome = Session::get()({"train", "--data", folder / "photos", "--imgsz", "32", "--name", "left-over",
                                          "--recipe", Session::get().recipe, "--epochs", "1"});
  CAPTURE(outcome.err);
  CHECK(contains(outcome.err, "no training photo can be read of broken: the model will never name it"));
}
