// Help, version and usage errors: all of them come before the engine is loaded.
#include <doctest/doctest.h>

#include "base/version.h"
#include "cli/run_program.h"
#include "scratch.h"

using namespace cvtool;

namespace {

Outcome cvtool_with(const std::vector<std::string>& arguments) {
  Invocation invocation;
  invocation.arguments = arguments;
  return run_program(invocation);
}

// Exit code 2, nothing on stdout, and a message of one line.
std::string usage_error(const std::vector<std::string>& arguments) {
  const Outcome outcome = cvtool_with(arguments);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  CHECK(outcome.err.rfind("cvtool: ", 0) == 0);
  return outcome.err;
}

}  // namespace

TEST_CASE("Help and version go to stdout and end well") {
  const Outcome version = cvtool_with({"--version"});
  CHECK(version.code == 0);
  CHECK(version.out == std::string("cvtool ") + kVersion + "\n");
  CHECK(version.err.empty());
  const Outcome help = cvtool_with({"--help"});
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  CHECK(contains(help.out, "Exit codes: "));
  for (const char* command : {"train", "eval", "predict", "export", "verify", "explain", "import", "summary", "doctor",
                              "data", "cache", "completion", "manual"})
    CHECK(contains(help.out, command));
}

TEST_CASE("Every command explains itself") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands{
      {{"train"}, "--optimizer"},
      {{"eval"}, "--split"},
      {{"predict"}, "--top"},
      {{"export"}, "--format"},
      {{"verify"}, "file"},
      {{"import"}, "--weights"},
      {{"explain"}, "--grad-cam"},
      {{"summary"}, "--classes"},
      {{"doctor"}, "--quick"},
      {{"cache"}, "clear"},
      {{"cache", "list"}, "--json"},
      {{"data"}, "sample"},
      {{"data", "sample"}, "--train-per-class"}};
  for (const auto& row : commands) {
    const auto& words = row.first;
    const auto& expected = row.second;
    for (const char* flag : {"--help", "-h", "--help-all"}) {
      std::vector<std::string> arguments = words;
      arguments.emplace_back(flag);
      const Outcome outcome = cvtool_with(arguments);
      CAPTURE(words.back());
      CHECK(outcome.code == 0);
      CHECK(outcome.err.empty());
      CHECK(contains(outcome.out, expected));
    }
  }
}

TEST_CASE("The help of train names what a training takes from scratch, and what on a backbone") {
  std::string help = cvtool_with({"train", "--help"}).out;
  for (size_t at; (at = help.find("\n  ")) != std::string::npos;) {
    const size_t end = help.find_first_not_of(' ', at + 1);
    help.replace(at, end - at, " ");  // as one line: it is broken where the terminal ends
  }
  CHECK(contains(help, "passes over the training photos (default: 30, on a backbone 10)"));
  CHECK(contains(help, "(default: 128, on a backbone 160)"));
  CHECK(contains(help, "(default: adamw, on a backbone adam)"));
  CHECK(contains(help, "photos per step (default: 32)"));
}

TEST_CASE("A mistyped command or flag is answered with the nearest one") {
  CHECK(contains(usage_error({"trian"}), "unknown command 'trian'; did you mean 'train'?"));
  CHECK(contains(usage_error({"data", "smaple", "x"}), "unknown command 'smaple'; did you mean 'sample'?"));
  CHECK(contains(usage_error({"train", "--data", "x", "--epoch", "3"}),
                 "unknown flag '--epoch'; did you mean '--epochs'?"));
  CHECK(contains(usage_error({"train", "--data", "x", "--batchsize=3"}),
                 "unknown flag '--batchsize'; did you mean '--batch-size'?"));
  CHECK(contains(usage_error({"predict", "x.jpg", "--modle", "y"}), "unknown flag '--modle'; did you mean '--model'?"));
  CHECK(contains(usage_error({"--versoin"}), "did you mean '--version'?"));
  CHECK(contains(usage_error({"eval", "--data", "x", "--zzzz"}), "unknown flag '--zzzz'; see cvtool eval --help"));
}

TEST_CASE("What is missing or too much is named") {
  CHECK(contains(usage_error({}), "see cvtool --help"));
  CHECK(contains(usage_error({"data"}), "see cvtool data --help"));
  CHECK(contains(usage_error({"train"}), "--data is required"));
  CHECK(contains(usage_error({"predict"}), "required"));
  CHECK(contains(usage_error({"train", "--data", "x", "y"}), "unexpected argument 'y'"));
  CHECK(contains(usage_error({"train", "--data"}), "--data"));
  CHECK(contains(usage_error({"predict", "x", "--json", "--csv"}), "--csv"));
}

TEST_CASE("A flag's value of the wrong kind or out of range is refused with the flag's name") {
  CHECK(contains(usage_error({"train", "--data", "x", "--epochs", "ten"}), "--epochs: 'ten' is not a number"));
  CHECK(contains(usage_error({"train", "--data", "x", "--epochs", "0"}), "--epochs: 0 is out of range"));
  CHECK(contains(usage_error({"train", "--data", "x", "--epochs", "2.5"}), "--epochs: must be an integer"));
  CHECK(contains(usage_error({"train", "--data", "x", "--valid", "1"}), "--valid: 1 is out of range"));
  CHECK(contains(usage_error({"train", "--data", "x", "--lr", "-1"}), "--lr"));
  CHECK(contains(usage_error({"train", "--data", "x", "--lr", "nan"}), "--lr"));
  CHECK(contains(usage_error({"train", "--data", "x", "--imgsz", "big"}), "--imgsz: 'big' is not a size"));
  CHECK(contains(usage_error({"train", "--data", "x", "--imgsz", "0"}), "--imgsz: 0 is out of range"));
  CHECK(contains(usage_error({"train", "--data", "x", "--optimizer", "adm"}),
                 "--optimizer: unknown value 'adm'; did you mean 'adam'?"));
  CHECK(contains(usage_error({"train", "--data", "x", "--cache", "disc"}), "did you mean 'disk'?"));
  CHECK(contains(usage_error({"train", "--data", "x", "--resize", "strech"}), "did you mean 'stretch'?"));
  CHECK(contains(usage_error({"data", "sample", "x", "--size", "8"}), "--size: 8 is out of range"));
  CHECK(contains(usage_error({"predict", "x", "--top", "0"}), "--top"));
}

TEST_CASE("Flags have the aliases that people are used to") {
  // Each is known: what is refused is the value.
  for (const char* flag : {"-b", "--batch", "--batch-size"})
    CHECK(contains(usage_error({"train", "--data", "x", flag, "0"}), "out of range"));
  for (const char* flag : {"--imgsz", "--img-size"})
    CHECK(contains(usage_error({"train", "--data", "x", flag, "0"}), "out of range"));
  for (const char* flag : {"-j", "--workers"})
    CHECK(contains(usage_error({"train", "--data", "x", flag, "-1"}), "out of range"));
}

TEST_CASE("Without its engine the program still gives help, and says what is missing when it has work") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "bin");
  std::filesystem::copy_file(CVTOOL_PROGRAM, scratch / "bin/cvtool");
  Invocation invocation;
  invocation.program = scratch / "bin/cvtool";
  invocation.arguments = {"train", "--help"};
  CHECK(run_program(invocation).code == 0);
  invocation.arguments = {"summary", "small-resnet"};
  const Outcome outcome = run_program(invocation);
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, "cannot load the engine"));
}

TEST_CASE("An engine of another version is refused before anything is asked of it") {
  for (const auto& [engine, version] : {std::pair{CVTOOL_NEWER_ENGINE, "is the engine of cvtool 9.9.9 (border 1), "},
                                        std::pair{CVTOOL_OLDER_ENGINE, "is the engine of an older cvtool, "}}) {
    const Scratch scratch;
    std::filesystem::create_directories(scratch / "bin");
    std::filesystem::create_directories(scratch / "lib");
    std::filesystem::copy_file(CVTOOL_PROGRAM, scratch / "bin/cvtool");
    std::filesystem::copy_file(engine, scratch / "lib/libcvtool_engine.so");
    Invocation invocation;
    invocation.program = scratch / "bin/cvtool";
    invocation.arguments = {"summary", "small-resnet"};
    const Outcome outcome = run_program(invocation);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(contains(outcome.err, version));
    CHECK(contains(outcome.err, std::string("this program is ") + kVersion + " (border "));
    CHECK(contains(outcome.err, "; install cvtool again"));
  }
}
