// Learning rates that are looked for, and trainings in a row.
#include "cli/session.h"

using namespace cvtool;

namespace {

Outcome train(const std::vector<std::string>& more) {
  const Session& session = Session::get();
  std::vector<std::string> words{"train",    "--data", session.photos, "--recipe", session.recipe,
                                 "--epochs", "1",      "--precision",  "fp32"};
  words.insert(words.end(), more.begin(), more.end());
  return session(words);
}

}  // namespace

TEST_CASE("--find-lr names a rate, draws the curve and leaves no run") {
  const Session& session = Session::get();
  const Outcome outcome = train({"--find-lr", "rates.png", "--json", "--project", "no-run"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json found = Json::parse(outcome.out);
  const double rate = found["lr"];
  CHECK(rate > 1e-6);
  CHECK(rate < 1);
  CHECK(found["rates"].size() == found["losses"].size());
  CHECK(found["rates"].size() > 40);
  CHECK(found["rates"].front() == 1e-7);
  CHECK(content_of(session.scratch / "rates.png").substr(0, 4) == "\x89PNG");
  CHECK_FALSE(std::filesystem::exists(session.scratch / "no-run"));
  CHECK(train({"--find-lr", "again.png", "--json"}).out.substr(0, 40) == outcome.out.substr(0, 40));
  check_refused(train({"--find-lr", "--repeat", "2"}), 2, {"--find-lr"});
}

TEST_CASE("--repeat trains with seeds in a row and tells mean and spread") {
  const Session& session = Session::get();
  const Outcome outcome = train({"--repeat", "3", "--project", "repeated", "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json last = json_lines(outcome.out).back();
  CHECK(last["event"] == "series");
  const Json& point = last["results"][0];
  REQUIRE(point["runs"].size() == 3);
  double mean = 0;
  for (int i = 0; i < 3; ++i) {
    CHECK(point["runs"][i]["seed"] == 42 + i);
    mean += point["runs"][i]["accuracy"].get<double>() / 3;
  }
  CHECK(point["mean"].get<double>() == doctest::Approx(mean));
  CHECK(point["spread"].is_number());
  // Each is the run of its seed.
  REQUIRE(train({"--seed", "44", "--name", "seed44"}).code == 0);
  CHECK(
      (content_of(session.scratch / "repeated/train3/last.pt") == content_of(session.scratch / "runs/seed44/last.pt")));
}

TEST_CASE("--sweep trains the grid, sorts it, and a training that fails leaves the others their turn") {
  const Session& session = Session::get();
  const Outcome outcome = train({"--sweep", "lr=0.01,1e-9", "batch=8,16", "--project", "swept", "--name", "grid"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  std::istringstream lines(outcome.out);
  std::vector<std::string> table;
  for (std::string line; std::getline(lines, line);) table.push_back(line);
  REQUIRE(table.size() == 4);
  for (size_t i = 0; i + 1 < table.size(); ++i) CHECK(table[i].substr(9, 6) >= table[i + 1].substr(9, 6));
  CHECK(contains(outcome.out, "lr 1e-9, batch 16"));
  CHECK(contains(outcome.out, "swept/grid-4"));
  CHECK(std::filesystem::exists(session.scratch / "swept/grid-3/best.pt"));
  CHECK(json_from_file(session.scratch / "swept/grid-1/config.json")["train"]["batch"] == 8);

  // Each step multiplies the weights by -49 or, without decay, changes them by next to nothing.
  const Outcome failing = train({"--sweep", "weight_decay=10,0", "--lr", "5", "--clip-norm", "1e-6", "--optimizer",
                                 "sgd", "--batch", "2", "--project", "failing"});
  CAPTURE(failing.err);
  CHECK(failing.code == 1);
  CHECK(contains(failing.err, "try a smaller --lr"));
  CHECK(failing.out.find("weight_decay 0 ") < failing.out.find("failed"));
}

TEST_CASE("A training of a series that cannot begin or has no time leaves the others their turn") {
  const Outcome outcome =
      train({"--sweep", "precision=fp32,fp16", "--device", "cpu", "--project", "precisions", "--json"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 1);
  const Json results = json_lines(outcome.out).back()["results"];
  REQUIRE(results.size() == 2);
  CHECK(results[0]["settings"] == "precision fp32");
  CHECK(results[0]["runs"].size() == 1);
  CHECK(contains(results[1]["failures"].at(0), "fp16 needs a GPU"));
  // Of the first training it is refused as of a single one.
  check_refused(train({"--sweep", "precision=fp16,fp32", "--device", "cpu"}), 2, {"fp16 needs a GPU"});

  const Outcome hurried = train({"--repeat", "2", "--time-limit", "1e-6", "--project", "hurried", "--json"});
  CAPTURE(hurried.err);
  CHECK(hurried.code == 1);
  const Json point = json_lines(hurried.out).back()["results"][0];
  CHECK(point["runs"].empty());
  REQUIRE(point["failures"].size() == 2);
  CHECK(contains(point["failures"][1], "the time is over"));
}

TEST_CASE("Ctrl-C in a series prints what was finished") {
  const Session& session = Session::get();
  const Outcome outcome =
      interrupted_after("Epoch      1/100000", {"train", "--data", session.photos, "--recipe", session.recipe,
                                                "--sweep", "epochs=1,100000", "--project", "stopped-series"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 130);
  CHECK(contains(outcome.err, "the table holds what was finished"));
  CHECK(contains(outcome.out, "epochs 1  stopped-series/train\n"));
  CHECK_FALSE(contains(outcome.out, "failed"));
}

TEST_CASE("A sweep that makes no sense is refused before anything is trained") {
  check_refused(train({"--sweep", "lr"}), 2, {"--sweep: 'lr' is not a list of values", "lr=1e-4,1e-3"});
  check_refused(train({"--sweep", "bach=1,2"}), 2, {"unknown setting 'bach'", "did you mean 'batch'"});
  check_refused(train({"--sweep", "lr=0.1,1e-1"}), 2, {"--sweep lr: 0.1 and 1e-1 are the same value"});
  check_refused(train({"--sweep", "lr=0.1", "lr=0.2"}), 2, {"--sweep: lr is named twice"});
  check_refused(train({"--sweep", "batch=many"}), 2, {"--sweep", "batch"});
  check_refused(train({"--sweep", "optimizer=adm"}), 2, {"did you mean 'adam'"});
}
