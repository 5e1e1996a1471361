// What lies in users' folders: photos of any kind and name, lists of any form, sets that are hardly one.
#include <filesystem>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

const std::string kComposed = "Caf\xc3\xa9", kApart = "Cafe\xcc\x81";

// Runs the program in a folder of its own.
Outcome run_in(const Scratch& scratch, const std::vector<std::string>& arguments) {
  Invocation invocation;
  invocation.arguments = arguments;
  invocation.folder = scratch.path();
  return run_program(invocation);
}

std::string heif(const std::string& name) {
  return content_of(std::string(CVTOOL_TESTS_FOLDER) + "/data/heif/" + name);
}

std::string car(int number) {
  return content_of(Session::get().photos + "/train/Car/car_0000" + std::to_string(number) + ".jpg");
}

Json read_json(const std::string& file) { return Json::parse(content_of(file)); }

}  // namespace

TEST_CASE("Every photo that a training loses is counted and said") {
  const Scratch scratch;
  const std::string& recipe = Session::get().recipe;
  for (int i = 1; i <= 8; ++i) scratch.write("set/Cars/" + std::to_string(i) + ".JPEG", car(i));
  for (int i = 1; i <= 2; ++i)
    scratch.write("set/Phone/" + std::to_string(i) + ".HEIC", heif(i == 1 ? "plain.heic" : "grid.heic"));
  scratch.write("set/Phone/no-ending", heif("plain.avif"));
  scratch.write("set/Phone/empty.jpg", "");
  scratch.write("set/Phone/empty", "");
  scratch.write("set/Phone/text.png", "a text");
  scratch.write("set/Phone/film.mov", std::string("\0\0\0\x14"
                                                  "ftypqt  ",
                                                  12));
  scratch.write("set/@eaDir/1.jpg", "x");
  scratch.write("set/loose.jpg", car(9));
  const Outcome outcome = run_in(scratch, {"train", "--data", "set", "--recipe", recipe, "--name", "one"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* part : {"empty.jpg: the file is empty", "text.png: not an image", "1 without an ending, 1 .mov",
                           "'@eaDir'", "1 photo directly in set belong to no class"})
    CHECK_MESSAGE(contains(outcome.err, part), part);
  const Json data = read_json(scratch / "runs/one/data.json");
  CHECK(data["train"]["count"].get<int>() + data["valid"]["count"].get<int>() == 11);
  CHECK(data["train"]["skipped"].size() + data["valid"]["skipped"].size() == 2);
  CHECK(data["notes"].size() >= 3);
  const Outcome predicted = run_in(scratch, {"predict", "set"});
  CHECK(predicted.code == 4);
  for (const char* part : {"no-ending: ", "1.HEIC: ", "empty.jpg: error", "text.png: error", "loose.jpg: "})
    CHECK_MESSAGE(contains(predicted.out, part), part);
  CHECK(contains(predicted.err, "2 files not used, no photos: 1 without an ending, 1 .mov"));
  CHECK_FALSE(contains(predicted.out, "curves.png"));
}

TEST_CASE("A list with a header of its own words is trained on and measured") {
  const Scratch scratch;
  std::string list = "nr;bild;sorte;teil\n";
  for (int i = 1; i <= 8; ++i) {
    scratch.write("photos/" + std::to_string(i) + "a.jpg", car(i));
    list += std::to_string(i) + ";" + std::to_string(i) + "a; " + (i % 2 ? "odd, very" : kApart) + ";" +
            (i < 6 ? "Training" : "dev") + "\n";
  }
  scratch.write("list.csv", list);
  const std::vector<std::string> train{"train",  "--data", "list.csv", "--recipe", Session::get().recipe,
                                       "--name", "one"};
  check_refused(run_in(scratch, train), 4, {"which column holds the labels?", "--label-column"});
  std::vector<std::string> named = train;
  named.insert(named.end(), {"--label-column", "sorte", "--split-column", "teil", "--class-weights", kComposed + "=2"});
  const Outcome outcome = run_in(scratch, named);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "8 lines with blanks around a field"));
  const Json data = read_json(scratch / "runs/one/data.json");
  CHECK(data["classes"] == Json::array({kComposed, "odd, very"}));
  CHECK(data["valid"]["count"] == 3);
  // The model knows the columns; a gate may be written in either form.
  const Outcome eval = run_in(scratch, {"eval", "--data", "list.csv", "--min", "f1." + kApart + "=0", "--json"});
  CAPTURE(eval.err);
  CHECK(eval.code != 2);
  CHECK(contains(eval.out, "\"count\": 3"));
  scratch.write("other.csv", "photo,what\nphotos/1a.jpg,odd, very\n");
  CHECK(run_in(scratch, {"eval", "--data", "other.csv"}).code == 2);
  scratch.write("other.csv", "photo,what\nphotos/1a.jpg,\"odd, very\"\nphotos/2a.jpg," + kComposed + "\n");
  const Outcome other =
      run_in(scratch, {"eval", "--data", "other.csv", "--label-column", "what", "--split-column", "photo"});
  CHECK(other.code == 4);
  CHECK(run_in(scratch, {"train", "--resume", "runs/one", "--epochs", "3"}).code == 0);
}

TEST_CASE("Two photos: no validation photos, and figures of the training photos, are said") {
  const Scratch scratch;
  scratch.write("set/a/1.jpg", car(1));
  scratch.write("set/b/1.jpg", car(2));
  const Outcome outcome =
      run_in(scratch, {"train", "--data", "set", "--recipe", Session::get().recipe, "--valid", "0.9"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "no photo could be held out for validation"));
  CHECK(contains(outcome.out, "the figures are of the training photos"));
}

TEST_CASE("Photos without classes are checked for what can be checked") {
  const Scratch scratch;
  for (int i = 1; i <= 3; ++i) scratch.write("set/" + std::to_string(i) + ".jpg", car(i));
  scratch.write("set/copy.jpg", car(1));
  scratch.write("set/cut.jpg", car(2).substr(0, 700));
  const Outcome outcome = run_in(scratch, {"data", "check", "set", "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json report = Json::parse(outcome.out);
  CHECK(report["photos"] == 5);
  CHECK(report["unreadable"].size() == 1);
  CHECK(report["duplicates"].size() == 1);
  CHECK(contains(outcome.err, "there are no class folders"));
  check_refused(run_in(scratch, {"train", "--data", "set"}), 4, {"holds photos but no class folders"});
}

TEST_CASE("data split keeps copies together and says what it leaves out") {
  const Scratch scratch;
  for (int i = 1; i <= 9; ++i)
    for (const char* name : {"set/a/", "set/a/copy", "set/b/other"})
      scratch.write(name + std::to_string(i) + ".jpg", car(i));
  scratch.write("set/b/notes.txt", "x");
  const Outcome outcome = run_in(scratch, {"data", "split", "set", "out", "--valid", "0.3", "--test", "0.3"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "1 .txt"));
  for (int i = 1; i <= 9; ++i) {
    const std::string number = std::to_string(i) + ".jpg";
    int places = 0;
    for (const char* split : {"out/train", "out/valid", "out/test"}) {
      const bool here = fs::exists(scratch / (split + ("/a/" + number)));
      places += here;
      CHECK(fs::exists(scratch / (split + ("/a/copy" + number))) == here);
      CHECK(fs::exists(scratch / (split + ("/b/other" + number))) == here);
    }
    CHECK(places == 1);
  }
  // A copy that comes later, and before the others by name, moves nothing.
  scratch.write("set/a/0.jpg", car(3));
  CHECK(run_in(scratch, {"data", "split", "set", "out", "--valid", "0.3", "--test", "0.3"}).code == 0);
}
