// cvtool cache: what is kept on the disk.
#include <fcntl.h>
#include <unistd.h>

#include "base/cache_files.h"
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Runs the program with caches of its own.
struct OwnCaches {
  Scratch home;
  Outcome operator()(const std::vector<std::string>& arguments, const std::string& program = "") const {
    Invocation invocation;
    invocation.arguments = arguments;
    invocation.folder = Session::get().scratch.path();
    invocation.environment = {{"XDG_CACHE_HOME", home / "cache"}, {"XDG_DATA_HOME", home / "data"}};
    invocation.program = program;
    return run_program(invocation);
  }
  std::set<std::string> names(const std::string& kind) const { return names_in(home / ("cache/cvtool/" + kind)); }
};

// The sum of a kind in `cache list --json`.
int64_t files_of(const Json& list, const std::string& name) {
  for (const Json& kind : list.at("kinds"))
    if (kind.at("kind") == name) return kind.at("total").at("files");
  return -1;
}

}  // namespace

TEST_CASE("What a training keeps on the disk is listed and cleared; a file in use is kept and said") {
  const Session& session = Session::get();
  const OwnCaches cvtool;
  REQUIRE(cvtool({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "--cache", "disk",
                  "--project", cvtool.home / "runs"})
              .code == 0);
  REQUIRE(cvtool({"predict", session.photos + "/test", "--model", cvtool.home / "runs/train"}).code == 0);
  cvtool.home.write("data/cvtool/bases/vgg16.pt", "net");
  const Json list = Json::parse(cvtool({"cache", "list", "--json"}).out);
  CHECK(files_of(list, "pixels") == 2);  // training and validation photos
  CHECK(files_of(list, "features") == 0);
  CHECK(files_of(list, "nets") == 1);
  CHECK(files_of(list, "verified") == 1);
  CHECK(files_of(list, "bases") == 1);
  CHECK(list.at("files").at(0).at("bytes").get<int64_t>() > 24 * 32 * 32 * 3);
  CHECK(list.at("limit_bytes").get<int64_t>() > 0);
  const Outcome table = cvtool({"cache", "list"});
  CHECK(table.code == 0);
  CHECK(contains(table.out, "pixels: 2 files"));
  CHECK(contains(table.out, "CVTOOL_CACHE_LIMIT"));

  const std::string used = cvtool.home / ("cache/cvtool/pixels/" + *cvtool.names("pixels").begin());
  const int file = ::open(used.c_str(), O_RDWR);
  hold_cache_file(file);
  const Outcome cleared = cvtool({"cache", "clear"});
  CHECK(cleared.code == 0);
  CHECK(contains(cleared.out, "freed "));
  CHECK(contains(cleared.out, "in 3 files"));
  CHECK(contains(cleared.err, "1 file ("));
  CHECK(contains(cleared.err, "a running cvtool uses"));
  CHECK(cvtool.names("pixels").size() == 1);
  ::close(file);
  const Json freed = Json::parse(cvtool({"cache", "clear", "pixels", "--json"}).out);
  CHECK(freed.at("freed").at("files") == 1);
  CHECK(cvtool.names("pixels").empty());
  CHECK(fs::exists(cvtool.home / "data/cvtool/bases/vgg16.pt"));
  CHECK(cvtool({"cache", "clear", "bases"}).code == 0);
  CHECK_FALSE(fs::exists(cvtool.home / "data/cvtool/bases/vgg16.pt"));
  check_refused(cvtool({"cache", "clear", "pixel"}), 2, {"unknown cache 'pixel'; did you mean 'pixels'?"});
}

TEST_CASE("The caches are looked after without the engine") {
  const OwnCaches cvtool;
  const std::string program = cvtool.home / "bin/cvtool";
  fs::create_directories(cvtool.home / "bin");
  fs::copy_file(CVTOOL_PROGRAM, program);
  CHECK(cvtool({"cache", "list"}, program).code == 0);
  CHECK(cvtool({"cache", "clear"}, program).code == 0);
  check_refused(cvtool({"summary", "small-resnet"}, program), 1, {"cannot load the engine"});
}

TEST_CASE("The limit of the caches holds, and one that is no number is named") {
  const Session& session = Session::get();
  Invocation training;
  training.folder = session.scratch.path();
  training.arguments = {"train", "--data",  session.photos, "--recipe", session.recipe, "--epochs",
                        "1",     "--cache", "disk",         "--name",   "no-room"};
  const Scratch home;
  training.environment = {{"XDG_CACHE_HOME", home.path()}, {"CVTOOL_CACHE_LIMIT", "0"}};
  const Outcome outcome = run_program(training);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "no cache on disk"));
  CHECK(contains(outcome.err, "CVTOOL_CACHE_LIMIT"));
  CHECK(names_in(home / "cvtool/pixels").empty());
  training.environment["CVTOOL_CACHE_LIMIT"] = "10GB";
  training.arguments.back() = "no-limit";
  check_refused(run_program(training), 2, {"CVTOOL_CACHE_LIMIT=10GB is not a number of megabytes"});
}

TEST_CASE("A list of checked files that cannot be read ends neither eval nor predict") {
  const Session& session = Session::get();
  const OwnCaches cvtool;
  fs::create_directories(cvtool.home / "cache/cvtool/verified.txt/inside");
  CHECK(cvtool({"predict", session.photos + "/test", "--model", session.run}).code == 0);
  CHECK(cvtool({"eval", "--data", session.photos, "--model", session.run, "-o", cvtool.home / "eval"}).code == 0);
}
