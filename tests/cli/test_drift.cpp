// data drift, and what data check says of small and unequal splits.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// By the looks, unless something else is asked for: what lies ready differs from machine to machine.
Outcome drift(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"data", "drift"});
  const auto given = [&](const char* flag) {
    return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
  };
  if (!given("--base") && !given("--model")) arguments.insert(arguments.end(), {"--base", "none"});
  return Session::get()(arguments);
}

Json drift_json(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const Outcome outcome = drift(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return Json::parse(outcome.out);
}

// Every photo of a folder as `change` makes it of `path` and `target`, a folder: lines of Python, each with its blanks
// before it.
void make_photos(const std::string& from, const std::string& target, const std::string& change) {
  Invocation python;
  python.program = CVTOOL_PYTHON;
  python.arguments = {"-c",
                      "import sys, pathlib\n"
                      "from PIL import Image\n"
                      "target = pathlib.Path(sys.argv[2])\n"
                      "for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.jpg')):\n" +
                          change,
                      from, target};
  const Outcome made = run_program(python);
  INFO(made.err);
  REQUIRE(made.code == 0);
}

void lighten(const std::string& from, const std::string& to) {
  make_photos(from, to,
              "    made = target / path.parent.name / path.name\n"
              "    made.parent.mkdir(parents=True, exist_ok=True)\n"
              "    Image.open(path).point(lambda v: min(255, v + 60)).save(made)\n");
}

// Where small backbones lie, "traced.pt" among them.
std::string made_bases(const Scratch& scratch) {
  fs::create_directories(scratch / "bases");
  Invocation python;
  python.program = CVTOOL_PYTHON;
  python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/make_bases.py", scratch / "bases"};
  const Outcome made = run_program(python);
  INFO(made.err);
  REQUIRE(made.code == 0);
  return scratch / "bases";
}

// The photos of a folder put by turns into two others, class by class.
void halve(const std::string& from, const std::string& first, const std::string& second) {
  for (const std::string& name : names_in(from)) {
    int number = 0;
    for (const std::string& photo : names_in(from + "/" + name)) {
      const std::string target = (number++ % 2 ? first : second) + "/" + name;
      fs::create_directories(target);
      fs::copy_file(from + "/" + name + "/" + photo, target + "/" + photo);
    }
  }
}

}  // namespace

TEST_CASE("Photos of one source have not drifted, and lighter ones have; a gate says so by its exit code") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string before = session.photos + "/train", after = session.photos + "/valid";
  const Json same = drift_json({before, after});
  CHECK(same["a"]["photos"] == 48);
  CHECK(same["b"]["compared"] == 24);
  CHECK(same["p_value"] > 0.05);
  CHECK(same["verdict"].get<std::string>().find("no drift seen") == 0);
  CHECK(same["features"] == "looks");
  CHECK(same["classes"]["distance"] == 0);
  CHECK(same["least_like_a"].size() == 5);
  CHECK(same["least_like_b"].size() == 5);
  CHECK(same["chance"] > 0.5);
  CHECK(same["alike"] == 0);
  CHECK(same["max"].is_null());
  CHECK(same["met"] == true);

  lighten(after, scratch / "light");
  const Json light = drift_json({before, scratch / "light"});
  CHECK(light["auc"] > 0.8);
  CHECK(light["p_value"] < 0.01);
  CHECK(light["looks"][0]["look"] == "brightness");
  CHECK(light["looks"][0]["b"] > light["looks"][0]["a"]);
  // The same command gives the same bytes, whatever the threads.
  CHECK(drift({before, scratch / "light", "--json", "-j", "1"}).out ==
        drift({before, scratch / "light", "--json", "-j", "3"}).out);

  const Outcome missed = drift({before, scratch / "light", "--max", "0.7"});
  CHECK(missed.code == 3);
  CHECK(contains(missed.out, "gate missed: AUC is 0."));
  CHECK(contains(missed.err, "at most 0.7 is asked"));
  CHECK(contains(missed.out, "photos of b that are least like a"));
  CHECK(drift({before, scratch / "light", "--max", "0.7", "--json"}).code == 3);
  const Outcome met = drift({before, after, "--max", "0.7"});
  CHECK(met.code == 0);
  CHECK(contains(met.out, "gate met: AUC is 0."));
}

TEST_CASE("Of many photos so many as were asked for are drawn, and the output says it") {
  const Session& session = Session::get();
  const Outcome outcome = drift({session.photos + "/train", session.photos + "/valid", "--photos", "10", "--top", "2"});
  CAPTURE(outcome.out);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "train: 48 photos, 10 are compared"));
  CHECK(contains(outcome.out, "--photos"));
  const Json one = drift_json({session.photos + "/train", session.photos + "/valid", "--photos", "10"});
  CHECK(one["a"]["compared"] == 10);
  CHECK(one["a"]["photos"] == 48);
}

TEST_CASE("Copies of photos of the first set are told of and left out, and so are those within a set") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string before = session.photos + "/train";
  fs::copy(session.photos + "/valid", scratch / "more", fs::copy_options::recursive);
  int64_t copied = 0;
  for (const std::string& name : names_in(before + "/Car"))
    if (++copied <= 7) fs::copy_file(before + "/Car/" + name, scratch / ("more/Car/copy_" + name));
  const std::string own = *names_in(session.photos + "/valid/Car").begin();
  fs::copy_file(session.photos + "/valid/Car/" + own, scratch / ("more/Car/twice_" + own));
  const Json without = drift_json({before, session.photos + "/valid"}), with = drift_json({before, scratch / "more"});
  CHECK(with["b"]["photos"] == 32);
  CHECK(with["b"]["shared"] == 7);
  CHECK(with["b"]["repeated"] == 1);
  CHECK(with["b"]["compared"] == 24);
  CHECK(with["auc"] == without["auc"]);
  CHECK(with["classes"] == without["classes"]);
  CHECK(contains(drift({before, scratch / "more"}).out, "7 are copies of those of a and left out, 1 is a copy of"));

  // Where nothing else is left there is no figure, and no gate is missed.
  fs::copy(before, scratch / "again", fs::copy_options::recursive);
  const Outcome same = drift({before, scratch / "again", "--max", "0.6"});
  CHECK(same.code == 0);
  CHECK(contains(same.out, "no drift: every photo of b is one of a"));
  const Json nothing = drift_json({before, scratch / "again"});
  CHECK(nothing["auc"].is_null());
  CHECK(nothing["met"] == true);

  fs::copy_file(session.photos + "/valid/Car/" + own, scratch / ("again/Car/new_" + own));
  check_refused(drift({before, scratch / "again"}), 4,
                {"holds 1 photo that can be read", "one of the first set", "add"});
}

TEST_CASE("Photos that were saved anew are told of, and do not hide that they are darker") {
  const Session& session = Session::get();
  const Scratch scratch;
  make_photos(session.photos + "/train", scratch.path(),
              "    made = Image.open(path).point(lambda v: max(0, v - 8))\n"
              "    made.save(target / path.name, quality=90)\n");
  const Outcome outcome = drift({session.photos + "/train", scratch.path()});
  CAPTURE(outcome.out);
  CHECK(contains(outcome.out, " of b look like one of a but for size and compression\n"));
  CHECK(drift_json({session.photos + "/train", scratch.path()})["auc"] > 0.5);
}

TEST_CASE("Photos in an archive are compared as those in a folder") {
  const Session& session = Session::get();
  const Scratch scratch;
  Invocation python;
  python.program = CVTOOL_PYTHON;
  python.arguments = {"-c", "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])", scratch / "new",
                      session.photos + "/valid"};
  REQUIRE(run_program(python).code == 0);
  Json packed = drift_json({session.photos + "/train", scratch / "new.zip"}),
       loose = drift_json({session.photos + "/train", session.photos + "/valid"});
  for (Json* one : {&packed, &loose}) (*one)["b"].erase("data");
  CHECK(packed == loose);
}

TEST_CASE("What cannot be compared is refused by name") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string cars = session.photos + "/valid/Car/";
  fs::create_directories(scratch / "empty");
  fs::create_directories(scratch / "one/x");
  fs::copy_file(cars + *names_in(cars).begin(), scratch / "one/x/a.jpg");
  check_refused(drift({session.photos + "/train", scratch / "none"}), 4, {"none"});
  check_refused(drift({scratch / "empty", session.photos + "/train"}), 4, {"empty"});
  check_refused(drift({session.photos + "/train", scratch / "one"}), 4, {"one: holds 1 photo that can be read", "add"});
  check_refused(drift({session.photos + "/train"}), 2, {"b"});
  check_refused(drift({session.photos + "/train", session.photos + "/valid", "--max", "0.4"}), 2, {"--max"});
  check_refused(drift({session.photos + "/train", session.photos + "/valid", "--base", "mobilnet_v2"}), 2,
                {"mobilnet_v2", "did you mean"});
}

TEST_CASE("Photos that cannot be read are named and left out; a folder without classes has no shares") {
  const Session& session = Session::get();
  const Scratch scratch;
  fs::copy(session.photos + "/valid/Car", scratch / "loose");
  std::ofstream(scratch / "loose/broken.jpg") << "no picture";
  const Outcome outcome = drift({session.photos + "/train", scratch / "loose", "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "broken.jpg"));
  const Json found = Json::parse(outcome.out);
  CHECK(found["b"]["unreadable"] == 1);
  CHECK(found["b"]["compared"] == 12);
  CHECK(found["classes"].is_null());
}

TEST_CASE("Shares of classes that differ are seen, also those of classes that one set lacks") {
  const Session& session = Session::get();
  const Scratch scratch;
  fs::create_directories(scratch / "half");
  fs::copy(session.photos + "/valid/Car", scratch / "half/Car", fs::copy_options::recursive);
  const Json found = drift_json({session.photos + "/train", scratch / "half"});
  CHECK(found["classes"]["distance"] == 0.5);
  CHECK(found["classes"]["p_value"] < 0.01);
  CHECK(found["classes"]["counts"][1]["class"] == "Truck");
  CHECK(found["classes"]["counts"][1]["b"] == 0);
  CHECK(contains(drift({session.photos + "/train", scratch / "half"}).out, "shares of classes differ by 50.0 %"));
}

TEST_CASE("What a backbone or a model sees can be compared in place of the looks") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string base = made_bases(scratch) + "/traced.pt";
  const std::string before = session.photos + "/train", after = session.photos + "/valid";
  const Json found = drift_json({before, after, "--base", base});
  CHECK(found["features"] == base);
  CHECK(found["p_value"] > 0.01);
  CHECK(found["looks"].size() == 8);
  const Json of_model = drift_json({before, after, "--model", session.run});
  CHECK(of_model["features"] == session.model);
  CHECK(of_model["auc"] != found["auc"]);
  CHECK(contains(drift({before, after, "--model", session.run}).out, "sees (0.5 is chance"));
  check_refused(drift({before, after, "--model", session.run, "--base", base}), 2, {"--model", "--base"});
  check_refused(drift({before, after, "--model", session.photos}), 2, {"photos"});
  lighten(after, scratch / "light");
  CHECK(drift({before, scratch / "light", "--model", session.run, "--max", "0.7"}).code == 3);
}

TEST_CASE("Without a model the backbone that lies ready is taken, and where none does it is said what gets one") {
  const Session& session = Session::get();
  const Scratch scratch;
  fs::create_directories(scratch / "none");
  const std::string bases = made_bases(scratch);
  fs::create_directories(scratch / "one");
  fs::copy_file(bases + "/traced.pt", scratch / "one/mine.pt");
  const auto drift_with = [&](const std::string& folder) {
    Invocation invocation;
    invocation.arguments = {"data", "drift", session.photos + "/train", session.photos + "/valid"};
    invocation.folder = session.scratch.path();
    invocation.environment = {{"CVTOOL_BASES", scratch / folder}, {"XDG_DATA_HOME", scratch / "none"}};
    return run_program(invocation);
  };
  const Outcome none = drift_with("none"), one = drift_with("one");
  CHECK(none.code == 0);
  CHECK(contains(none.err, "no pretrained backbone lies ready"));
  CHECK(contains(none.err, "cvtool import "));
  CHECK(contains(none.out, " by their looks "));
  CHECK(one.code == 0);
  CHECK(contains(one.err, "--base none"));
  CHECK(contains(one.out, " by what mine sees "));
}

TEST_CASE("data check says how precisely a split measures, which classes it cannot, and whether it is like train") {
  const Session& session = Session::get();
  const Scratch scratch;
  const Outcome whole = session({"data", "check", session.photos});
  CHECK(contains(whole.out, "valid: of 24 photos 90 % right could be 7"));
  CHECK(contains(whole.out, "; of 'Car', which has fewest, 12, "));
  CHECK(contains(whole.out, "a class needs 6)\n"));
  CHECK(contains(whole.out, "      0  classes too small to measure\n"));
  CHECK(contains(whole.out, "      0  held-out splits unlike train\n"));
  CHECK(contains(whole.out, "valid against train by their looks: AUC 0."));
  const Outcome by_model = session({"data", "check", session.photos, "--model", session.run});
  CHECK(by_model.code == 0);
  CHECK(contains(by_model.out, "valid against train by what "));

  fs::create_directories(scratch / "set");
  fs::copy(session.photos + "/train", scratch / "set/train", fs::copy_options::recursive);
  lighten(session.photos + "/valid", scratch / "set/valid");
  const std::set<std::string> trucks = names_in(scratch / "set/valid/Truck");
  size_t left = trucks.size();
  for (const std::string& name : trucks)
    if (left-- > 3) fs::remove(scratch / ("set/valid/Truck/" + name));
  const Outcome checked = session({"data", "check", scratch / "set", "--json", "--strict"});
  CAPTURE(checked.err);
  CHECK(checked.code == 4);
  const Json report = Json::parse(checked.out);
  CHECK(report["clean"] == false);
  REQUIRE(report["too_few"].size() == 1);
  CHECK(report["too_few"][0].get<std::string>().find("valid: 3 photos of 'Truck', of which 90 % right could be ") == 0);
  CHECK(report["support"][0]["classes"][1]["measurable"] == false);
  REQUIRE(report["differences"].size() == 1);
  CHECK(report["differences"][0]["auc"] > 0.7);
  CHECK(contains(report["differences"][0]["warning"], "valid is unlike train"));
  CHECK(report["compared_by"] == "looks");
  CHECK(contains(session({"data", "check", scratch / "set"}).out, "      1  held-out splits unlike train\n"));
}

TEST_SUITE("photos") {
  TEST_CASE("Halves of the cats and dogs are one source; cars and trucks are another") {
    const char* data = std::getenv("CVTOOL_TEST_DATA");
    if (!data) {
      MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
      return;
    }
    const std::string photos = std::string(data) + "/datasets/cats_dogs/train";
    const Scratch scratch;
    halve(photos, scratch / "a", scratch / "b");
    const Json halves = drift_json({scratch / "a", scratch / "b"});
    CHECK(halves["p_value"] > 0.01);
    CHECK(halves["auc"] < 0.6);
    const Json other = drift_json({photos, std::string(data) + "/datasets/car_truck_32px/train"});
    CHECK(other["auc"] > 0.95);
    CHECK(other["p_value"] < 0.01);
    CHECK(other["classes"]["distance"] == 1);
  }
}
