// What people are told: which model was meant, what does not fit, and names from outside on one line.
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

Outcome in_folder(const std::string& folder, const std::vector<std::string>& arguments) {
  Invocation invocation;
  invocation.folder = folder;
  invocation.arguments = arguments;
  return run_program(invocation);
}

}  // namespace

TEST_CASE("A model that is meant otherwise, gone or not named is told of") {
  const Session& session = Session::get();
  const std::string photo = session.photos + "/test";
  check_refused(session({"predict", photo, "--model", "first"}), 2, {"--model first", "did you mean runs/first?"});
  const Scratch elsewhere;
  fs::create_directories(elsewhere / "runs");
  fs::create_directory_symlink("gone", elsewhere / "runs/latest");
  check_refused(in_folder(elsewhere.path(), {"predict", photo}), 2,
                {"runs/latest points at runs/gone, which is not there any more", "--model"});
  fs::remove(elsewhere / "runs/latest");
  fs::create_directory_symlink(session.run, elsewhere / "runs/latest");
  const Outcome newest = in_folder(elsewhere.path(), {"predict", photo});
  CHECK(newest.err == "the model is runs/latest/best.pt (" + session.run + ")\n");
  CHECK(in_folder(elsewhere.path(), {"predict", photo, "-q"}).err.empty());
  CHECK(session({"predict", photo, "--model", session.run}).err.empty());
}

TEST_CASE("Photos of other classes than the model's are refused with the classes of both") {
  const Session& session = Session::get();
  const Scratch data;
  fs::copy(session.photos + "/test/Car", data / "cats");
  fs::copy(session.photos + "/test/Truck", data / "dogs");
  const std::vector<std::string> parts{data.path() + ": holds the classes 'cats', 'dogs'", session.model,
                                       "'Car', 'Truck'", "--model"};
  check_refused(session({"eval", "--data", data.path(), "--model", session.run}), 2, parts);
  check_refused(session({"export", "--model", session.run, "--verify-data", data.path(), "-o", data / "x.pt"}), 2,
                parts);
}

TEST_CASE("Class names and paths with control characters are shown on one line") {
  const Session& session = Session::get();
  const Scratch data;
  for (const char* split : {"train", "test"}) {
    fs::create_directories(data / ("photos/" + std::string(split)));
    fs::copy(session.photos + "/test/Car", data / ("photos/" + std::string(split) + "/a\nb"));
    fs::copy(session.photos + "/test/Truck", data / ("photos/" + std::string(split) + "/t\033[31m"));
  }
  const Outcome trained = in_folder(
      data.path(), {"train", "--data", "photos", "--recipe", session.recipe, "--epochs", "1", "--name", "odd\nrun"});
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(contains(trained.err, "2 classes: a\\nb, t\\x1b[31m"));
  CHECK(contains(trained.out, "run runs/odd\\nrun (report.html"));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"predict", "photos/test"}, {"explain", "photos/test", "--grad-cam"}, {"compare"}}) {
    const Outcome outcome = in_folder(data.path(), command);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK_FALSE(contains(outcome.out, "a\nb"));
    CHECK_FALSE(contains(outcome.out, "odd\nrun"));
    CHECK_FALSE(contains(outcome.out, "\033"));
  }
  const Outcome gate = in_folder(data.path(), {"eval", "--data", "photos", "--min", "recall.x=1"});
  check_refused(gate, 2, {"unknown class 'x'", "a\\nb"});
}

TEST_CASE("A block that uses itself is told of by its circle, and a list is not split") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string recipe = scratch.write("circle.json", R"({"model": {"blocks": {
      "one": {"layers": [{"kind": "two"}]}, "two": {"layers": [{"kind": "flatten"}, {"kind": "one"}]}},
      "layers": [{"kind": "one"}, {"kind": "dense"}]}})");
  const Outcome circle = session({"train", "--data", session.photos, "--recipe", recipe});
  check_refused(circle, 2, {"uses itself (", " > two > one"});
  CHECK(circle.err.size() < 200);
  const std::string list = scratch.write("list.csv", "path,label\n");
  check_refused(session({"data", "split", list, scratch / "out"}), 2, {list + ": is a file", "column 'split'"});
}
