// Runs that are stopped and go on.
#include <csignal>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

const std::vector<std::string>& lively_settings() {
  static const std::vector<std::string> settings{"--epochs", "6",   "--ema",       "0.9",  "--schedule", "cosine",
                                                 "--warmup", "1.5", "--precision", "fp32", "--threads",  "1"};
  return settings;
}

std::vector<std::string> command(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A run that was never stopped.
const std::string& whole_run() {
  static const std::string run = [] {
    const Session& session = Session::get();
    const Outcome outcome = session(
        command({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "whole"}, lively_settings()));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return session.scratch / "runs/whole";
  }();
  return run;
}

void check_same_result(const std::string& run) {
  for (const char* file : {"/best.pt", "/last.pt"}) CHECK((content_of(run + file) == content_of(whole_run() + file)));
  CHECK(timeless(content_of(run + "/history.csv")) == timeless(content_of(whole_run() + "/history.csv")));
  for (const std::string& name : names_in(run)) CHECK_FALSE(contains(name, ".part"));
}

}  // namespace

TEST_CASE(
    "A run that is killed again and again and resumed each time ends as one that was never stopped, byte for byte") {
  const Session& session = Session::get();
  whole_run();
  const std::string run = session.scratch / "runs/killed";
  std::vector<std::string> words =
      command({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "killed"}, lively_settings());
  words.insert(words.end(), {"--checkpoint-minutes", "0"});  // after every step
  // Some of the files that the first kills leave: no checkpoint.pt but its predecessor, a new one not in place, half a
  // best.pt.
  for (const int dies_at : {14, 25, 9, 11, 20, 16}) {
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.arguments = words;
    invocation.environment = signal_at_file(SIGKILL, dies_at);
    const Outcome outcome = run_program(invocation);
    CAPTURE(dies_at);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 128 + SIGKILL);
    words = {"train", "--resume", "runs/killed", "--checkpoint-minutes", "0"};
  }
  const Outcome outcome = session({"train", "--resume", "runs/killed"});
  CAPTURE(outcome.err);
  CHECK((outcome.code == 0 || contains(outcome.err, "the run is finished")));
  check_same_result(run);
}

TEST_CASE("Ctrl-C saves and prints the command that goes on; SIGTERM does the same; a closed terminal ends nothing") {
  const Session& session = Session::get();
  int number = 0;
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = "signal" + std::to_string(++number);
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.arguments = {"train",  "--data", session.photos, "--recipe", session.recipe,
                            "--name", name,     "--epochs",     "100000"};
    RunningProgram program(invocation);
    REQUIRE(program.wait_for_message("Epoch      1/100000"));
    program.send(SIGHUP);
    REQUIRE(program.wait_for_message("Epoch      2/100000"));
    program.send(signal);
    const Outcome outcome = program.wait();
    CAPTURE(outcome.err);
    CHECK(outcome.code == 130);
    CHECK(contains(outcome.err, "stopping after this step"));
    CHECK(contains(outcome.err, "go on with: cvtool train --resume runs/" + name));
    CHECK(fs::exists(session.scratch / ("runs/" + name + "/checkpoint.pt")));
    // The same run with as many epochs as it has begun: it ends there.
    const std::string history = content_of(session.scratch / ("runs/" + name + "/history.csv"));
    const auto epochs = std::count(history.begin(), history.end(), '\n') - 1;
    const Outcome resumed = session({"train", "--resume", "runs/" + name, "--epochs", std::to_string(epochs + 1)});
    CAPTURE(resumed.err);
    CHECK(resumed.code == 0);
    CHECK(contains(resumed.err, "going on in epoch " + std::to_string(epochs + 1)));
  }
}

TEST_CASE("A second Ctrl-C ends the program at once") {
  const Session& session = Session::get();
  Invocation invocation;
  invocation.folder = session.scratch.path();
  invocation.arguments = {"train",  "--data", session.photos, "--recipe", session.recipe,
                          "--name", "twice",  "--epochs",     "100000"};
  RunningProgram program(invocation);
  REQUIRE(program.wait_for_message("Epoch      1/100000"));
  program.send(SIGINT);
  program.send(SIGTERM);
  CHECK(program.wait().code == 130);
}

TEST_CASE("--resume alone takes the newest run; more epochs are fine") {
  const Session& session = Session::get();
  const std::vector<std::string> common{"train",        "--data",    session.photos, "--recipe",
                                        session.recipe, "--project", "longer"};
  REQUIRE(session(command(common, {"--epochs", "1"})).code == 0);
  const Outcome finished = session({"train", "--resume", "--project", "longer"});
  check_refused(finished, 2,
                {"--resume longer/train", "the run is finished", "cvtool train --resume longer/train --epochs N"});
  CHECK_FALSE(contains(finished.err, "going on"));
  REQUIRE(session({"eval", "--data", session.photos, "--model", "longer/train"}).code == 0);
  const Outcome more = session({"train", "--resume", "--project", "longer", "--epochs", "3"});
  CAPTURE(more.err);
  CHECK(more.code == 0);
  CHECK(contains(more.out, "made from an earlier best.pt, to be made again: longer/train/eval-test"));
  const Outcome baseline = session({"eval", "--data", session.photos, "--model", "longer/train", "--baseline",
                                    "longer/train/eval-test/metrics.json", "-o", "longer/again"});
  CHECK(contains(baseline.err, "is of an earlier longer/train/best.pt than the one that is there now"));
  fs::copy_file(session.scratch / "longer/train/eval-test/metrics.json", session.scratch / "longer/train/metrics.json",
                fs::copy_options::overwrite_existing);
  CHECK(contains(session({"compare", "longer/train"}).err, "longer/train/metrics.json: is of an earlier best.pt"));
  REQUIRE(session(command(common, {"--epochs", "3"})).code == 0);
  CHECK(
      (content_of(session.scratch / "longer/train/last.pt") == content_of(session.scratch / "longer/train2/last.pt")));
}

TEST_CASE("A changed setting is refused by its name, unless forced") {
  const Session& session = Session::get();
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "--name", "fixed",
                   "--threads", "1"})
              .code == 0);
  const auto resumed = [&](const std::vector<std::string>& more) {
    return session(command({"train", "--resume", "runs/fixed", "--epochs", "2"}, more));
  };
  check_refused(resumed({"--batch", "8"}), 2, {"settings.train.batch was 16 and is now 8", "--force"});
  check_refused(resumed({"--seed", "7"}), 2, {"seed was 42 and is now 7"});
  check_refused(resumed({"--lr", "0.5"}), 2, {"lr was 0.01 and is now 0.5"});
  const fs::path photo = fs::path(session.photos) / "train/Car";
  const fs::path first = fs::directory_iterator(photo)->path(), aside = session.scratch / "aside";
  fs::rename(first, aside);
  check_refused(resumed({}), 2, {"the photos have changed"});
  fs::rename(aside, first);
  const Outcome forced = resumed({"--batch", "8", "--force"});
  CAPTURE(forced.err);
  CHECK(forced.code == 0);
  CHECK(contains(forced.err, "batch was 16 and is now 8 (--force)"));
}

TEST_CASE("A damaged checkpoint falls back to the one before it; without a whole one the error says what to do") {
  const Session& session = Session::get();
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "2", "--name", "damaged"})
              .code == 0);
  const std::string run = session.scratch / "runs/damaged", whole = content_of(run + "/checkpoint.pt");
  REQUIRE_FALSE(whole.empty());
  session.scratch.write("runs/damaged/checkpoint.pt", whole.substr(0, whole.size() / 2));
  fs::remove(run + "/checkpoint.previous.pt");
  check_refused(session({"train", "--resume", "runs/damaged", "--epochs", "3"}), 1,
                {"checkpoint.pt", "no whole checkpoint is left"});
  session.scratch.write("runs/damaged/checkpoint.previous.pt", whole);
  const Outcome outcome = session({"train", "--resume", "runs/damaged", "--epochs", "3"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "going on from the checkpoint before it"));
}

TEST_CASE("What cannot be resumed is said") {
  const Session& session = Session::get();
  check_refused(session({"train", "--resume", "--project", "nowhere"}), 2, {"there is no run in nowhere"});
  check_refused(session({"train", "--resume", session.photos}), 2, {"no config.json"});
  check_refused(session({"train", "--resume", session.run, "--recipe", session.recipe}), 2,
                {"leave --recipe and --from out"});
  check_refused(session({"train"}), 2, {"--data is required"});
}

TEST_CASE("--resume alone takes the newest run that is not finished, before newer ones that are") {
  const Session& session = Session::get();
  const std::vector<std::string> common{"train",        "--data",    session.photos, "--recipe",
                                        session.recipe, "--project", "unfinished"};
  for (int i = 0; i < 2; ++i) REQUIRE(session(command(common, {"--epochs", "1"})).code == 0);
  fs::remove(session.scratch / "unfinished/train/metrics.json");  // as an interruption leaves it
  const Outcome resumed = session({"train", "--resume", "--project", "unfinished", "--epochs", "2"});
  CAPTURE(resumed.err);
  CHECK(contains(resumed.err, "unfinished/train: going on in epoch 2"));
  fs::remove(session.scratch / "unfinished/train2/checkpoint.pt");
  fs::create_directory(session.scratch / "unfinished/train2/checkpoint.pt");
  check_refused(session({"train", "--resume", "unfinished/train2", "--epochs", "4"}), 1,
                {"train2/checkpoint.pt: is a folder", "move it elsewhere"});
}
