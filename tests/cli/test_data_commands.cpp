#include <filesystem>
#include <fstream>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

TEST_CASE("data check finds a training photo that also stands in the validation photos, and a broken file") {
  const Session& session = Session::get();
  const std::string copy = session.scratch / "planted";
  fs::copy(session.photos, copy, fs::copy_options::recursive);
  const Outcome clean = session({"data", "check", copy, "--json"});
  CAPTURE(clean.err);
  REQUIRE(clean.code == 0);
  const Json before = Json::parse(clean.out);
  fs::copy_file(copy + "/train/Car/car_00001.jpg", copy + "/valid/Car/again.jpg");
  std::ofstream(copy + "/train/Truck/broken.jpg") << "no picture";

  const Outcome found = session({"data", "check", copy, "--json", "--strict"});
  CHECK(found.code == 4);
  const Json report = Json::parse(found.out);
  REQUIRE(report["duplicates"].size() == before["duplicates"].size() + 1);
  CHECK(report["duplicates"].dump().find("valid/Car/again.jpg") != std::string::npos);
  REQUIRE(report["unreadable"].size() == 1);
  CHECK(report["unreadable"][0]["path"] == "train/Truck/broken.jpg");

  const Outcome training = session({"train", "--data", copy, "--recipe", session.recipe, "--epochs", "1", "--name", "leaking"});
  CHECK(training.code == 0);
  CHECK(contains(training.err, "valid/Car/again.jpg = train/Car/car_00001.jpg"));
  CHECK(contains(training.err, "skipped train/Truck/broken.jpg"));
}

TEST_CASE("data stats counts the photos of each split and draws them") {
  const Session& session = Session::get();
  const std::string picture = session.scratch / "stats.png";
  const Outcome outcome = session({"data", "stats", session.photos, "--json", "-o", picture});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "48"));
  CHECK(fs::file_size(picture) > 1000);
}

TEST_CASE("data split makes folders that train takes, and does nothing the second time") {
  const Session& session = Session::get();
  const std::string flat = session.photos + "/train", target = session.scratch / "split";
  const std::vector<std::string> command{"data", "split", flat, target, "--valid", "0.3", "--test", "0.2", "--json"};
  const Outcome first = session(command);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(Json::parse(first.out)["placed"] == 48);
  CHECK(fs::is_directory(target + "/valid/Car"));
  CHECK(Json::parse(session(command).out)["placed"] == 0);
}

TEST_CASE("data preview writes the sheet; without a picture to write it is wrong usage") {
  const Session& session = Session::get();
  const std::string sheet = session.scratch / "sheet.jpg";
  const Outcome outcome = session({"data", "preview", session.photos, "-o", sheet, "--rows", "2", "--cols", "3"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(fs::file_size(sheet) > 1000);
  CHECK(session({"data", "preview", session.photos}).code == 2);
}
