// cvtool doctor: what the machine is and what hinders the program on it.
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

Invocation doctor(const std::vector<std::string>& flags, const Scratch& home) {
  Invocation invocation;
  invocation.arguments = {"doctor"};
  invocation.arguments.insert(invocation.arguments.end(), flags.begin(), flags.end());
  invocation.folder = home.path();
  invocation.environment = {{"XDG_CACHE_HOME", home / "cache"}, {"XDG_DATA_HOME", home / "data"}};
  return invocation;
}

// What the advice of a document is about.
std::multiset<std::string> advised(const Json& document) {
  std::multiset<std::string> words;
  for (const Json& advice : document.at("advice")) words.insert(advice.at("about"));
  return words;
}

}  // namespace

TEST_CASE("The doctor says what the machine is, without measuring, on lines that fit") {
  const Scratch home;
  home.write("data/cvtool/bases/vgg16.pt", "net");
  const Outcome outcome = run_program(doctor({"--quick"}, home));
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  for (const char* part : {"versions\n  cvtool  ", "  LibTorch  ", "  matrices  ", "machine\n  processor  ",
                           "  cores  ", "  memory  ", "  GPU  ", "--precision auto takes ", "files\n  caches  ",
                           "imported: vgg16", "cvtool import NAME", "advice\n"}) {
    CAPTURE(part);
    CHECK(contains(outcome.out, part));
  }
  CHECK_FALSE(contains(outcome.out, "GFLOP"));
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);)
    if (!contains(line, "/")) CHECK_MESSAGE(line.size() <= 100, line);
  CHECK(names_in(home.path()) == std::set<std::string>{"data"});  // it leaves nothing behind
}

TEST_CASE("The doctor's document holds what it measured, each number positive") {
  const Scratch home;
  const Outcome outcome = run_program(doctor({"--json"}, home));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "measuring"));
  const Json document = Json::parse(outcome.out);
  const Json& measured = document.at("measured");
  for (const char* key : {"seconds", "threads", "gflops_fp32_one", "gflops_fp32_all", "gflops_bf16_one",
                          "gflops_bf16_all", "decode_photos_per_s_one", "decode_photos_per_s_all",
                          "memory_gb_per_s_one", "memory_gb_per_s_all", "cpu_share"}) {
    CAPTURE(key);
    CHECK(measured.at(key).get<double>() > 0);
  }
  CHECK(measured.at("cpu_share").get<double>() <= 1);
  const Json& machine = document.at("machine");
  for (const char* key :
       {"cores", "cores_allowed", "cores_used", "threads_startable", "memory_bytes", "memory_free_bytes"})
    CHECK(machine.at(key).get<int64_t>() > 0);
  CHECK(machine.at("folders").size() == 3);
  CHECK(document.at("engine").at("photo_libraries").contains("heif"));
  CHECK(document.at("engine").at("bases").size() >= 3);
  CHECK(document.at("engine_error").is_null());
}

TEST_CASE("Settings that slow the program down or break it are advice, and the doctor still ends well") {
  const Scratch home;
  home.write("file", "x");
  Invocation invocation = doctor({"--quick", "--json"}, home);
  invocation.environment["XDG_CACHE_HOME"] = home / "file/cache";
  invocation.environment["CVTOOL_CACHE_LIMIT"] = "10GB";
  invocation.environment["CVTOOL_SHARE"] = home / "nothing";
  invocation.environment["ATEN_CPU_CAPABILITY"] = "default";
  const Outcome outcome = run_program(invocation);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json document = Json::parse(outcome.out);
  CHECK(document.at("engine").at("instruction_set") == "DEFAULT");
  const auto words = advised(document);
  for (const char* about : {"disk", "caches", "recipes", "instructions"}) {
    CAPTURE(about);
    CHECK(words.count(about) == 1);
  }
}

TEST_CASE("Where the engine does not start, the doctor says all the rest, and why, and fails") {
  const Scratch home;
  fs::create_directories(home / "bin");
  fs::copy_file(CVTOOL_PROGRAM, home / "bin/cvtool");
  Invocation invocation = doctor({}, home);
  invocation.program = home / "bin/cvtool";
  const Outcome text = run_program(invocation);
  CHECK(text.code == 1);
  CHECK(contains(text.out, "LibTorch        not loaded: cannot load the engine"));
  CHECK(contains(text.out, "machine\n  processor  "));
  CHECK(contains(text.out, "next: install cvtool and LibTorch again"));
  CHECK(contains(text.err, "cannot load the engine"));
  invocation.arguments.emplace_back("--json");
  const Outcome json = run_program(invocation);
  CHECK(json.code == 1);
  const Json document = Json::parse(json.out);
  CHECK(document.at("engine").is_null());
  CHECK(contains(document.at("engine_error"), "cannot load the engine"));
  CHECK(advised(document).count("engine") == 1);
}
