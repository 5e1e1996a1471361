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

  const Outcome training =
      session({"train", "--data", copy, "--recipe", session.recipe, "--epochs", "1", "--name", "leaking"});
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
  CHECK(Json::parse(outcome.out)["splits"]["train"]["counts"]["Car"] == 24);
  CHECK(fs::file_size(picture) > 1000);
  const Outcome table = session({"data", "stats", session.photos});
  CHECK(contains(table.out,
                 "class               train   valid    test  all\n"
                 "Car                    24      12       9   45\n"
                 "Truck                  24      12       9   45\n"
                 "photos                 48      24      18   90\n"
                 "majority baseline  0.5000  0.5000  0.5000\n"));
  CHECK(contains(table.out, "size in pixels  min  median  max\nwidth            56      56   56\n"));
}

TEST_CASE("A picture that cannot be written is refused before the photos are read") {
  const Session& session = Session::get();
  check_refused(session({"data", "stats", session.photos, "-o", session.scratch / "x.docx"}), 2, {"x.docx", ".docx"});
  check_refused(session({"data", "preview", session.photos, "-o", session.scratch / "none/x.png"}), 1,
                {"none", "make it first"});
}

TEST_CASE("data unpack makes class folders of a sprite") {
  const Session& session = Session::get();
  // Four pictures of 1 x 2 pixels, one per row.
  session.scratch.write("sprite.ppm", "P6\n2 4\n255\nabcdefghijklmnopqrstuvwx");
  session.scratch.write("labels.json", "[1, 9, 5, 9]");
  const std::vector<std::string> command{"data",
                                         "unpack",
                                         session.scratch / "sprite.ppm",
                                         "--labels",
                                         session.scratch / "labels.json",
                                         "--size",
                                         "1x2",
                                         "--classes",
                                         "Car=1,Truck=9",
                                         "-o",
                                         session.scratch / "unpacked"};
  const Outcome outcome = session(command);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "Car           1\nTruck         2\nwrote 3 pictures to "));
  CHECK(names_in(session.scratch / "unpacked/Truck") == std::set<std::string>{"sprite_00001.png", "sprite_00003.png"});
  CHECK(contains(session(command).out, "wrote 0 pictures to "));
  // Names that hold a comma, as a shell gives them and as JSON.
  for (const char* classes : {R"("red, blue"=1,Truck=9)", R"({"red, blue": 1, "Truck": 9})"}) {
    auto named = command;
    named[8] = classes;
    named.back() = session.scratch / ("named-" + std::to_string(classes[0]));
    const Outcome answer = session(named);
    CAPTURE(answer.err);
    CHECK(answer.code == 0);
    CHECK(names_in(named.back()) == std::set<std::string>{"red, blue", "Truck"});
  }
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
  const Outcome table = session({command.begin(), command.end() - 1});
  CHECK(contains(table.out, "split  photos\ntrain"));
  CHECK(contains(table.out, "copied 0 photos to " + target + ", 48 were there\n"));
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
