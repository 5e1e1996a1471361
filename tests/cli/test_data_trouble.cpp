// What happens to folders of photos in the real world: odd names, links, files that go away, little memory.
#include <signal.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A copy of the session's photos, to spoil.
std::string copied_photos(const Scratch& scratch) {
  const std::string copy = scratch / "photos";
  fs::copy(Session::get().photos, copy, fs::copy_options::recursive);
  return copy;
}

Invocation training_on(const std::string& photos, const Scratch& scratch, const std::vector<std::string>& more) {
  Invocation invocation;
  invocation.arguments = {"train", "--data", photos, "--recipe", Session::get().recipe};
  invocation.arguments.insert(invocation.arguments.end(), more.begin(), more.end());
  invocation.folder = scratch.path();
  return invocation;
}

std::string cache_file(const Scratch& scratch) {
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "cache"))
    if (entry.is_regular_file()) return entry.path().string();
  return "";
}

}  // namespace

TEST_CASE("A cache budget that the photos do not fit into gives the same weights, from disk") {
  const Session& session = Session::get();
  const Scratch scratch;
  Invocation bounded =
      training_on(session.photos, scratch, {"--imgsz", "128", "--cache-budget", "1", "--name", "bounded"});
  bounded.environment["XDG_CACHE_HOME"] = scratch / "cache";
  const Outcome first = run_program(bounded);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(fs::file_size(cache_file(scratch)) > 1'000'000);
  REQUIRE(run_program(training_on(session.photos, scratch, {"--imgsz", "128", "--name", "free"})).code == 0);
  CHECK(content_of(scratch / "runs/bounded/last.pt") == content_of(scratch / "runs/free/last.pt"));
}

TEST_CASE("A damaged cache on disk is rebuilt, not believed") {
  const Session& session = Session::get();
  const Scratch scratch;
  Invocation invocation = training_on(session.photos, scratch, {"--cache", "disk", "--name", "one"});
  invocation.environment["XDG_CACHE_HOME"] = scratch / "cache";
  REQUIRE(run_program(invocation).code == 0);
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "cache"))
    if (entry.is_regular_file()) {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(-40'000, std::ios::end);
      file << std::string(10'000, '?');
    }
  invocation.arguments.back() = "two";
  REQUIRE(run_program(invocation).code == 0);
  CHECK(content_of(scratch / "runs/one/last.pt") == content_of(scratch / "runs/two/last.pt"));
}

TEST_CASE("Photos with odd names are used, and shown on one line") {
  const Scratch scratch;
  const std::string photos = copied_photos(scratch), car = photos + "/train/Car/car_00001.jpg";
  for (const char* name : {"two\nlines.jpg", "a space, a comma and a \"quote\".jpg", "\xe7\x8c\xab.jpg",
                           "latin-\xe9.jpg", "red\x1b[31m.jpg"})
    fs::copy_file(car, photos + "/valid/Car/" + name);
  std::ofstream(photos + "/train/Truck/bro\nken-\xe9.jpg") << "no picture";
  const Session& session = Session::get();
  const Outcome check = session({"data", "check", photos});
  CAPTURE(check.out);
  CHECK(check.code == 0);
  CHECK(contains(check.out, "bro\\nken-\\xe9.jpg: not an image"));
  CHECK_FALSE(contains(check.out, "\x1b"));
  CHECK(contains(session({"data", "check", photos, "--json"}).out, "two\\nlines.jpg"));
  const Outcome training = run_program(training_on(photos, scratch, {"--name", "odd"}));
  CAPTURE(training.err);
  REQUIRE(training.code == 0);
  CHECK(contains(training.err, "skipped train/Truck/bro\\nken-\\xe9.jpg"));
  const Outcome evaluation =
      session({"eval", "--data", photos, "--model", scratch / "runs/odd", "--split", "valid", "--json"});
  CAPTURE(evaluation.err);
  REQUIRE(evaluation.code == 0);
  CHECK(Json::parse(evaluation.out)["metrics"]["count"] == 29);
}

TEST_CASE("A symbolic link that leads back is an error that names it") {
  const Scratch scratch;
  const std::string photos = copied_photos(scratch);
  fs::create_directory_symlink(photos + "/train", photos + "/train/Car/loop");
  for (const char* command : {"check", "stats"})
    check_refused(Session::get()({"data", command, photos}), 4, {"train/Car/loop", "leads back", "remove it"});
}

TEST_CASE("A class that a split lacks or has too much is said by name") {
  const Scratch scratch;
  const std::string photos = copied_photos(scratch);
  fs::rename(photos + "/valid/Truck", photos + "/valid/Bus");
  for (const char* command : {"check", "stats"}) {
    const Outcome outcome = Session::get()({"data", command, photos});
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.err, "class 'Bus' of the valid split is not among the classes: 12 photos not used"));
    CHECK(contains(outcome.err, "class 'Truck' has no photos in the valid split"));
  }
}

TEST_CASE("A picture beyond the pixel limit is refused before its memory is taken") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string photos = copied_photos(scratch);
  scratch.write("photos/train/Car/bomb.ppm", "P6\n60000 60000\n255\nxyz");
  const Outcome check = session({"data", "check", photos, "--json"});
  REQUIRE(check.code == 0);
  const Json unreadable = Json::parse(check.out)["unreadable"];
  REQUIRE(unreadable.size() == 1);
  CHECK(unreadable[0]["path"] == "train/Car/bomb.ppm");
  CHECK(
      contains(unreadable[0]["reason"].get<std::string>(), "60000 x 60000 pixels, more than the limit of 178,000,000"));
  // The drawn photos have 40 x 56 pixels.
  const Json all = Json::parse(session({"data", "check", photos, "--json", "--max-pixels", "2239"}).out)["unreadable"];
  CHECK(all.size() == 91);
  const Json none = Json::parse(session({"data", "check", photos, "--json", "--max-pixels", "2240"}).out)["unreadable"];
  CHECK(none.size() == 1);
  check_refused(session({"train", "--data", photos, "--recipe", session.recipe, "--max-pixels", "2239"}), 4,
                {"more than half", "--max-pixels"});
  check_refused(session({"eval", "--data", photos, "--model", session.run, "--max-pixels", "2239"}), 4,
                {"more than half"});
}

TEST_CASE("Photos that go away or change while a run uses them are left out; the run goes on") {
  const Scratch scratch;
  const std::string photos = copied_photos(scratch);
  const Invocation invocation =
      training_on(photos, scratch, {"--cache", "none", "--epochs", "100000", "--name", "long"});
  RunningProgram program(invocation);
  REQUIRE(program.wait_for_message("Epoch      1/100000"));
  fs::remove(photos + "/train/Car/car_00001.jpg");
  fs::copy_file(photos + "/train/Car/car_00002.jpg", photos + "/train/Truck/truck_00001.jpg",
                fs::copy_options::overwrite_existing);
  CHECK(program.wait_for_message("train/Car/car_00001.jpg: cannot be read"));
  CHECK(program.wait_for_message("train/Truck/truck_00001.jpg: changed while it was in use"));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  CAPTURE(outcome.err);
  CHECK(outcome.code == 130);
  CHECK(fs::exists(scratch / "runs/long/best.pt"));
}

TEST_CASE("A folder that may only be read is enough to train, evaluate and look") {
  const Scratch scratch;
  const std::string photos = scratch / "photos";
  fs::create_directory(photos);
  if (::mount("tmpfs", photos.c_str(), "tmpfs", 0, "size=8m") != 0) {
    MESSAGE("skipped: a small file system can be mounted by root only");
    return;
  }
  fs::copy(Session::get().photos, photos, fs::copy_options::recursive);
  (void)::mount("none", photos.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
  const Outcome training = run_program(training_on(photos, scratch, {"--cache", "disk", "--name", "only"}));
  const Session& session = Session::get();
  const int evaluation = session({"eval", "--data", photos, "--model", scratch / "runs/only"}).code;
  const int check = session({"data", "check", photos}).code;
  ::umount2(photos.c_str(), MNT_DETACH);
  CAPTURE(training.err);
  CHECK(training.code == 0);
  CHECK(evaluation == 0);
  CHECK(check == 0);
}

TEST_CASE("Ctrl-C ends a data command with 130") {
  const Session& session = Session::get();
  const Scratch scratch;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = scratch / ((i % 2 ? "a/" : "b/") + std::to_string(i) + ".jpg");
    if (i < 2) fs::create_directories(fs::path(name).parent_path());
    fs::create_symlink(session.photos + "/train/Car/car_00001.jpg", name);
  }
  for (const char* command : {"check", "stats"}) {
    Invocation invocation;
    invocation.arguments = {"data", command, scratch.path()};
    RunningProgram program(invocation);
    REQUIRE(program.wait_for_handler(SIGINT));
    program.send(SIGINT);
    const Outcome outcome = program.wait();
    CHECK(contains(outcome.err, "stopping after this step"));
    CHECK(outcome.code == 130);
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("More workers than a process may have threads are as many as it may have") {
  const Scratch scratch;
  const std::string photos = copied_photos(scratch);
  fs::permissions(scratch.path(), fs::perms(0755));
  // The limit binds no root, but the user that root turns into.
  const auto limited = [&](const std::string& max, const std::vector<std::string>& arguments) {
    Invocation invocation;
    invocation.program = "/usr/bin/setpriv";
    invocation.environment["OPENBLAS_NUM_THREADS"] = "1";  // it ends a program that gives it no thread a core
    invocation.arguments = {"--reuid=65534", "--regid=65534",  "--clear-groups",
                            "prlimit",       "--nproc=" + max, CVTOOL_PROGRAM};
    invocation.arguments.insert(invocation.arguments.end(), arguments.begin(), arguments.end());
    return run_program(invocation);
  };
  if (limited("1000", {"--version"}).code != 0) {
    MESSAGE("skipped: only root can run the program as another user");
    return;
  }
  for (const char* max : {"1", "6", "60"}) {
    const Outcome outcome = limited(max, {"data", "check", photos, "-j", "200"});
    CAPTURE(max);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "90 photos looked at"));
  }
}

TEST_CASE("A CSV list with missing photos trains on the others; eval measures every line of one that names no split") {
  const Session& session = Session::get();
  const Scratch scratch;
  std::string lines;
  for (const char* name : {"Car", "Truck"})
    for (int i = 1; i <= 12; ++i) {
      const std::string number = std::to_string(i);
      const std::string file =
          std::string(name[0] == 'C' ? "car" : "truck") + "_" + std::string(5 - number.size(), '0') + number + ".jpg";
      lines += session.photos + "/valid/" + name + "/" + file + "," + name + "\n";
    }
  scratch.write("list.csv", lines);
  scratch.write("gaps.csv", lines + "gone.jpg,Car\nlost.jpg,Truck\nmissing.jpg,Car\n");
  const Outcome trained = run_program(training_on(scratch / "gaps.csv", scratch, {"--name", "gaps"}));
  CAPTURE(trained.err);
  CHECK(trained.code == 0);
  CHECK(contains(trained.err, "skipped gone.jpg"));
  Invocation eval;
  eval.arguments = {"eval", "--data", scratch / "list.csv", "--model", session.run, "--json"};
  eval.folder = scratch.path();
  const Outcome measured = run_program(eval);
  CAPTURE(measured.err);
  REQUIRE(measured.code == 0);
  CHECK(Json::parse(measured.out)["metrics"]["count"] == 24);
}
