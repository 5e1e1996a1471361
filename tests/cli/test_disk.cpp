// Disks that are full.
#include <sys/mount.h>

#include "cli/session.h"

using namespace cvtool;

namespace {

// A small file system in memory; `mounted` is false where the test may not make one.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& options) {
    mounted = ::mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted) ::umount2(scratch.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  Scratch scratch;
  bool mounted = false;
};

}  // namespace

TEST_CASE("A disk without room for the model ends the run; nothing half-written stays") {
  const Session& session = Session::get();
  const SmallDisk disk("size=384k");
  if (!disk.mounted) {
    MESSAGE("skipped: a small file system can be mounted by root only");
    return;
  }
  const Outcome outcome = session(
      {"train", "--data", session.photos, "--imgsz", "32", "--epochs", "1", "--project", disk.scratch / "runs"});
  check_refused(outcome, 1, {"cannot write", "last.pt", "No space left on device", "free some space"});
  CHECK(names_in(disk.scratch / "runs") == std::set<std::string>{"train"});
  for (const std::string& name : names_in(disk.scratch / "runs/train")) {
    CAPTURE(name);
    CHECK_FALSE(contains(name, ".pt"));
    CHECK_FALSE(contains(name, ".part"));
  }
}

TEST_CASE("A disk without room for anything ends the run with the same words") {
  const Session& session = Session::get();
  const SmallDisk disk("size=16k");
  if (!disk.mounted) {
    MESSAGE("skipped: a small file system can be mounted by root only");
    return;
  }
  disk.scratch.write("filler", std::string(16384, 'x'));
  check_refused(
      session({"train", "--data", session.photos, "--recipe", session.recipe, "--project", disk.scratch / "runs"}), 1,
      {"No space left on device", "free some space"});
  check_refused(session({"export", "--model", session.run, "-o", disk.scratch / "x.pt"}), 1,
                {"x.pt", "No space left on device"});
  check_refused(session({"data", "sample", disk.scratch / "photos", "--train-per-class", "1", "--valid-per-class", "1",
                         "--test-per-class", "0"}),
                1, {"No space left on device"});
}

TEST_CASE("A disk that fills up while photos are sorted, drawn or cached leaves no half file and the right exit code") {
  const Session& session = Session::get();
  const SmallDisk disk("size=64k");
  if (!disk.mounted) {
    MESSAGE("skipped: a small file system can be mounted by root only");
    return;
  }
  disk.scratch.write("filler", std::string(56 << 10, 'x'));
  for (const char* flag : {"--sort-into", "--draw"}) {
    CAPTURE(flag);
    const Outcome outcome =
        session({"predict", session.photos + "/test", "--model", session.run, flag, disk.scratch / "out"});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, "No space left on device"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(disk.scratch.path()))
      CHECK_FALSE(contains(entry.path().filename().string(), ".part"));
    std::filesystem::remove_all(disk.scratch / "out");
  }
  Invocation training;
  training.folder = session.scratch.path();
  training.arguments = {"train", "--data",  session.photos, "--recipe", session.recipe, "--epochs",
                        "1",     "--cache", "disk",         "--name",   "full-cache"};
  training.environment = {{"XDG_CACHE_HOME", disk.scratch / "cache"}, {"CVTOOL_CACHE_LIMIT", "1000"}};
  const Outcome outcome = run_program(training);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "no cache on disk"));
  CHECK(names_in(disk.scratch / "cache/cvtool/pixels").empty());
  check_refused(
      session({"export", "--model", session.run, "--format", "safetensors", "-o", disk.scratch / "x.safetensors"}), 1,
      {"x.safetensors", "No space left on device"});
  CHECK(names_in(disk.scratch.path()) == std::set<std::string>{"cache", "filler"});
}

TEST_CASE("A disk that may only be read is named") {
  const Session& session = Session::get();
  const SmallDisk disk("size=64k");
  if (!disk.mounted) {
    MESSAGE("skipped: a small file system can be mounted by root only");
    return;
  }
  (void)::mount("none", disk.scratch.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
  check_refused(
      session({"train", "--data", session.photos, "--recipe", session.recipe, "--project", disk.scratch / "runs"}), 1,
      {"Read-only file system", "choose a folder that you may write to"});
}

TEST_CASE("Results that cannot be written to stdout are an error, not a silence") {
  const Session& session = Session::get();
  const std::vector<std::vector<std::string>> commands{
      {"predict", session.photos + "/test", "--model", session.run, "--json"},
      {"eval", "--data", session.photos, "--model", session.run, "-o", session.scratch / "full"},
      {"summary", "small-resnet"}};
  for (const auto& command : commands) {
    Invocation invocation;
    invocation.arguments = command;
    invocation.output_file = "/dev/full";
    const Outcome outcome = run_program(invocation);
    CAPTURE(command[0]);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, "standard output"));
    CHECK(contains(outcome.err, "No space left on device"));
  }
}
