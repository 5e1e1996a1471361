// What earlier versions wrote (tests/compat) is read by this one, with equal results.
#include <algorithm>
#include <cmath>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Where two documents differ: everything that the old one says, numbers within `tolerance`; "" where they do not.
std::string difference(const Json& was, const Json& now, double tolerance, const std::string& place = "") {
  const std::string here = place + ": was " + was.dump() + ", is " + now.dump();
  if (was.is_number() && now.is_number())
    return std::abs(was.get<double>() - now.get<double>()) <= tolerance ? "" : here;
  if (was.is_structured() && was.type() == now.type()) {
    if (was.is_array() && was.size() != now.size()) return here;
    for (const auto& [key, value] : was.items()) {
      if (was.is_object() && !now.contains(key)) return place + "/" + key + " is gone";
      const Json& other = was.is_object() ? now[key] : now[std::stoul(key)];
      if (const std::string found = difference(value, other, tolerance, place + "/" + key); !found.empty())
        return found;
    }
    return "";
  }
  return was == now ? "" : here;
}

// A copy of the files of version 0.1.0, in which the program runs: the paths are those that they were made with.
class OldFiles {
 public:
  static const OldFiles& get() {
    static const OldFiles files;
    return files;
  }

  Outcome operator()(std::vector<std::string> arguments) const {
    Invocation invocation;
    invocation.arguments = std::move(arguments);
    invocation.folder = folder.path();
    return run_program(invocation);
  }

  // What a command that must succeed prints.
  std::string printed(std::vector<std::string> arguments) const {
    const Outcome outcome = (*this)(std::move(arguments));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return outcome.out;
  }

  std::string text(const std::string& name) const {
    const std::string content = content_of(folder / name);
    REQUIRE_FALSE(content.empty());
    return content;
  }

  Json json(const std::string& name) const { return Json::parse(text(name)); }

  const Scratch folder;

 private:
  OldFiles() {
    fs::copy(CVTOOL_TESTS_FOLDER "/compat/0.1.0", folder.path(), fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
  }
};

// Answers for every photo, in `recorded` and of the model now.
void check_predictions(const std::string& model, const std::string& recorded) {
  const OldFiles& old = OldFiles::get();
  CAPTURE(model);
  const auto was = json_lines(old.text("results/" + recorded + ".jsonl"));
  const auto now = json_lines(old.printed({"predict", "photos", "--model", model, "--json", "--device", "cpu"}));
  REQUIRE(was.size() == 32);
  CHECK(difference(was, now, 1e-5) == "");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Two histories: the same columns, epochs and rates. Their nets have dropout, which draws other numbers than it did in
// that version: training is what it is, and validation is near.
void check_history(const std::string& recorded, const std::string& written) {
  const OldFiles& old = OldFiles::get();
  constexpr double train = 1, valid = 0.25;
  const auto was = lines_of(old.text(recorded)), now = lines_of(old.text(written));
  REQUIRE(was.size() == now.size());
  CHECK(was[0] == now[0]);
  for (size_t i = 1; i < was.size(); ++i) {
    CAPTURE(was[i]);
    CAPTURE(now[i]);
    std::istringstream a(was[i]), b(now[i]);
    std::string x, y;
    for (const double tolerance :
         {0., train, 1., valid, 1., 1e-9}) {  // epoch, loss, accuracy, the two of validation, lr
      REQUIRE((std::getline(a, x, ',') && std::getline(b, y, ',')));
      CHECK(std::abs(std::stod(x) - std::stod(y)) <= tolerance);
    }
  }
}

// Goes on with a copy of the run to its fifth epoch. False where only --force lets it, on another LibTorch.
bool resumed(const std::string& run, const std::string& copy) {
  const OldFiles& old = OldFiles::get();
  fs::copy(old.folder / run, old.folder / copy);
  std::vector<std::string> arguments{"train", "--resume", copy, "--data", "photos", "--epochs", "5"};
  Outcome outcome = old(arguments);
  const bool as_it_was = !(outcome.code == 2 && contains(outcome.err, "libtorch was"));
  if (!as_it_was) {
    arguments.push_back("--force");
    outcome = old(arguments);
  }
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, copy + ": going on in epoch "));
  // The epochs before the checkpoint are kept to the letter.
  CHECK(old.text(copy + "/history.csv").rfind(old.text(run + "/history.csv"), 0) == 0);
  return as_it_was;
}

void train(std::vector<std::string> more) {
  std::vector<std::string> arguments{"train",    "--data", "photos",      "--threads", "1",
                                     "--device", "cpu",    "--precision", "fp32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  OldFiles::get().printed(arguments);
}

}  // namespace

TEST_CASE("Models of an earlier version give the probabilities that they gave") {
  check_predictions("runs/finished", "predict-finished");
  check_predictions("runs/finished/last.pt", "predict-last");  // calibrated
  check_predictions("runs/on-base", "predict-on-base");
  check_predictions("exports/int8.pt", "predict-int8");
  check_predictions("exports/resized.pt", "predict-resized");
}

TEST_CASE("An earlier model of two sigmoid units gives the sigmoids that it gave, with a word about it") {
  check_predictions("runs/sigmoids", "predict-sigmoids");
  const Outcome outcome = OldFiles::get()({"predict", "photos/valid", "--model", "runs/sigmoids", "--device", "cpu"});
  CHECK(contains(outcome.err, "they need not sum to 1"));
  CHECK_FALSE(contains(OldFiles::get()({"predict", "photos/valid", "--model", "runs/finished"}).err, "sum to 1"));
}

TEST_CASE("An earlier safetensors export is the model that it was, and becomes one again") {
  const OldFiles& old = OldFiles::get();
  check_predictions("exports/model.safetensors", "predict-finished");
  const Outcome verified = old({"verify", "exports/model.safetensors"});
  CHECK(verified.code == 1);
  CHECK(contains(verified.out, "the file carries none, as those of 0.1.0; export it again"));
  old.printed({"import", "exports/model.safetensors", "-o", "imported.pt"});
  check_predictions("imported.pt", "predict-finished");
  old.printed({"export", "--model", "exports/model.safetensors", "--format", "safetensors", "-o", "again.safetensors"});
  CHECK(old({"verify", "again.safetensors"}).code == 0);
}

TEST_CASE("An earlier model of two sigmoid units is exported to safetensors as it is") {
  OldFiles::get().printed({"export", "--model", "runs/sigmoids", "--format", "safetensors", "-o", "units.safetensors"});
  check_predictions("units.safetensors", "predict-sigmoids");
}

TEST_CASE("eval gives earlier models the metrics that it gave, and takes earlier metrics as a baseline") {
  const OldFiles& old = OldFiles::get();
  for (const std::string run : {"finished", "on-base"}) {
    std::vector<std::string> arguments{"eval",   "--data",   "photos", "--model", "runs/" + run,
                                       "--json", "--device", "cpu",    "-o",      "eval-" + run};
    if (run == "finished") arguments.insert(arguments.end(), {"--baseline", "runs/finished/metrics.json"});
    const Json now = Json::parse(old.printed(arguments));
    Json was = old.json("results/eval-" + run + ".json");
    // The sentences may be reworded, not lost.
    REQUIRE(now["warnings"].size() == was["warnings"].size());
    was["warnings"] = now["warnings"];
    Json at_the_end = old.json("runs/" + run + "/metrics.json")["metrics"];
    // Version 0.1.0 did not take the bootstrap's bias off this one.
    for (Json* metrics : {&was["metrics"], &at_the_end})
      (*metrics)["intervals"]["ece"] = now["metrics"]["intervals"]["ece"];
    CHECK(difference(was, now, 1e-5) == "");
    CHECK(difference(at_the_end, now["metrics"], 1e-5) == "");
    if (run == "on-base") continue;
    CHECK(now["baseline"]["accuracy"] == 0.875);
    CHECK(now["baseline"]["only_this_right"] == 0);
    CHECK(now["baseline"]["only_baseline_right"] == 0);
  }
}

TEST_CASE("verify finds earlier files good, and the same claims in them") {
  const OldFiles& old = OldFiles::get();
  const std::vector<std::pair<std::string, std::string>> files{{"runs/finished", "finished"},
                                                               {"runs/on-base", "on-base"},
                                                               {"exports/model.onnx", "model.onnx"},
                                                               {"exports/int8.pt", "int8.pt"}};
  for (const auto& row : files) {
    CAPTURE(row.first);
    const Json now = Json::parse(old.printed({"verify", row.first, "--json"}));
    Json was = old.json("results/verify-" + row.second + ".json");
    CHECK(was["good"] == true);
    for (Json& check : was["checks"])
      if (check["check"] == "golden sample") check.erase("detail");  // a difference that may round otherwise
    CHECK(difference(was, now, 1e-5) == "");
  }
}

TEST_CASE("summary and compare read earlier runs and backbones") {
  const OldFiles& old = OldFiles::get();
  CHECK(difference(old.json("results/summary.json"), Json::parse(old.printed({"summary", "runs/finished", "--json"})),
                   0) == "");
  const Json backbone = Json::parse(old.printed({"summary", "base.pt", "--json"}));
  CHECK(backbone["layers"][0]["trainable"] == 168);
  const Json runs = Json::parse(old.printed({"compare", "runs/finished", "runs/on-base", "--json"}))["runs"];
  REQUIRE(runs.size() == 2);
  CHECK(runs[0]["accuracy"] == 0.875);
  CHECK(runs[0]["epochs"] == 3);
  CHECK(runs[1]["accuracy"] == 0.25);
  CHECK(runs[1]["recipe"] == "transfer");
}

TEST_CASE("Runs of an earlier version go on as they did: a finished one, and one that was stopped within an epoch") {
  resumed("runs/finished", "runs/longer");
  check_history("results/history-longer.csv", "runs/longer/history.csv");
  // Forced, the epoch begins anew from where it was.
  if (resumed("runs/stopped", "runs/further")) check_history("results/history-further.csv", "runs/further/history.csv");
}

TEST_CASE("Earlier recipes, a run's config.json among them, train as they did") {
  for (const std::string recipe : {"recipe.json", "runs/finished/config.json"}) {
    CAPTURE(recipe);
    const std::string name = recipe == "recipe.json" ? "again" : "again-by-config";
    train({"--recipe", recipe, "--name", name});
    check_history("runs/finished/history.csv", "runs/" + name + "/history.csv");
  }
}

TEST_CASE("Earlier backbones and runs are trained on") {
  train({"--recipe", "runs/on-base/config.json", "--base", "base.pt", "--name", "on-base-again"});
  check_history("runs/on-base/history.csv", "runs/on-base-again/history.csv");
  train({"--from", "runs/on-base", "--epochs", "1", "--name", "from"});
  CHECK(lines_of(OldFiles::get().text("runs/from/history.csv")).size() == 2);
}
