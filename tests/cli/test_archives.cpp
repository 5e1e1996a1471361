// Photos in archives, for the program as a whole.
#include <filesystem>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// The session's photos as photos.zip and photos.tar, by Python.
const std::string& archives_of_photos() {
  static const std::string folder = [] {
    const Session& session = Session::get();
    const std::string target = session.scratch / "archives", python = CVTOOL_PYTHON;
    fs::create_directories(target);
    for (const std::string call : {"zipfile photos.zip", "tarfile photos.tar", "tarfile photos.tar.gz"}) {
      const size_t blank = call.find(' ');
      // From beside the photos: the names in the archive begin with their folder.
      const std::string command = "cd '" + session.scratch.path() + "' && " + python + " -m " + call.substr(0, blank) +
                                  " -c 'archives/" + call.substr(blank + 1) + "' photos";
      REQUIRE(std::system(command.c_str()) == 0);
    }
    return target;
  }();
  return folder;
}

}  // namespace

TEST_CASE("Training from an archive gives the model of its folder, byte for byte") {
  const Session& session = Session::get();
  const std::string archives = archives_of_photos();
  for (const std::string name : {"photos.zip", "photos.tar", "photos.tar.gz"}) {
    const Outcome outcome =
        session({"train", "--data", archives + "/" + name, "--recipe", session.recipe, "--name", name});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(content_of(session.scratch / ("runs/" + name + "/best.pt")) == content_of(session.model));
  }
}

TEST_CASE("eval, predict, data and explain look into an archive") {
  const Session& session = Session::get();
  const std::string zip = archives_of_photos() + "/photos.zip", tar = archives_of_photos() + "/photos.tar";
  const auto metrics = [&](const std::string& data) {
    const Outcome outcome =
        session({"eval", "--data", data, "--model", session.model, "--json", "-o", session.scratch / "evaluated"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return Json::parse(outcome.out)["metrics"];
  };
  CHECK(metrics(zip) == metrics(session.photos));

  const Outcome inside = session({"predict", zip + "/photos/test/Car", "--model", session.model, "--json"});
  const Outcome folder = session({"predict", session.photos + "/test/Car", "--model", session.model, "--json"});
  CAPTURE(inside.err);
  REQUIRE(inside.code == 0);
  const std::vector<Json> got = json_lines(inside.out), wanted = json_lines(folder.out);
  REQUIRE(got.size() == 9);
  CHECK(got[4]["path"] == zip + "/photos/test/Car/" + fs::path(std::string(wanted[4]["path"])).filename().string());
  CHECK(got[4]["probabilities"] == wanted[4]["probabilities"]);

  const std::string sorted = session.scratch / "sorted";
  const Outcome into = session({"predict", tar + "/photos/test", "--model", session.model, "--sort-into", sorted});
  CAPTURE(into.err);
  CHECK(into.code == 0);
  CHECK(names_in(sorted + "/Car").size() + names_in(sorted + "/Truck").size() == 18);

  const Outcome check = session({"data", "check", tar, "--json"}),
                same = session({"data", "check", session.photos, "--json"});
  CHECK(check.code == same.code);
  CHECK(Json::parse(check.out) == Json::parse(same.out));
  CHECK(session({"data", "stats", zip}).out == session({"data", "stats", session.photos}).out);
  CHECK(session({"data", "preview", zip, "-o", session.scratch / "of-zip.png"}).code == 0);
  const Outcome heat = session({"explain", zip + "/photos/test/Car/car_00001.jpg", "--model", session.model,
                                "--grad-cam", "-o", session.scratch / "heat.png"});
  CAPTURE(heat.err);
  CHECK(heat.code == 0);
}

TEST_CASE("data split copies out of an archive, and moves and links nothing there") {
  const Session& session = Session::get();
  const std::string zip = archives_of_photos() + "/photos.zip", target = session.scratch / "out-of-zip";
  const Outcome copied = session({"data", "split", zip + "/photos/train", target, "--valid", "0.25"});
  CAPTURE(copied.err);
  CHECK(copied.code == 0);
  CHECK(content_of(target + "/train/Car/car_00001.jpg").size() +
            content_of(target + "/valid/Car/car_00001.jpg").size() ==
        fs::file_size(session.photos + "/train/Car/car_00001.jpg"));
  CHECK(contains(session({"data", "split", zip + "/photos/train", target, "--valid", "0.25"}).out, "copied 0 photos"));
  check_refused(session({"data", "split", zip, session.scratch / "moved", "--move"}), 2,
                {"photos.zip", "leave out --move"});
}

TEST_CASE("Archives that cannot be taken are refused in one line, before anything is written") {
  const Session& session = Session::get();
  const std::string archives = archives_of_photos();
  const std::string cut = session.scratch.write("cut.zip", content_of(archives + "/photos.zip").substr(0, 5000));
  check_refused(session({"train", "--data", cut, "--recipe", session.recipe, "--name", "packed"}), 4,
                {cut, "cut short"});
  check_refused(session({"data", "check", archives + "/none*.tar"}), 4, {"none*.tar", "no file fits"});
  CHECK_FALSE(fs::exists(session.scratch / "runs/packed"));
  // The archive that is read is no place for a result.
  check_refused(session({"data", "stats", archives + "/photos.zip", "-o", archives + "/photos.zip/x.png"}), 1,
                {"photos.zip"});
}

TEST_CASE("A list names the groups that are held out together, on the command line too") {
  const Session& session = Session::get();
  std::string list = "file,label,animal\n";
  int number = 0;
  for (const char* name : {"Car", "Truck"})
    for (const std::string& file : names_in(session.photos + "/train/" + name))
      list += std::string("train/") + name + "/" + file + "," + name + ",a" + std::to_string(number++ / 4) + "\n";
  session.scratch.write("photos/groups.csv", list);
  const Outcome outcome = session({"train", "--data", session.photos + "/groups.csv", "--recipe", session.recipe,
                                   "--group-column", "animal", "--name", "grouped"});
  fs::remove(session.photos + "/groups.csv");
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "groups in 'animal'"));
  CHECK(Json::parse(content_of(session.scratch / "runs/grouped/config.json"))["data"]["group_column"] == "animal");
}
