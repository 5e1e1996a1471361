// What eval writes for CI systems and for those who get the model: JUnit XML, a job's page, the model card.
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A JUnit file as check_junit.py reads it.
Json junit_cases(const std::string& path) {
  Invocation python;
  python.program = CVTOOL_PYTHON;
  python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/check_junit.py", path};
  const Outcome outcome = run_program(python);
  const std::string text = content_of(path);
  CAPTURE(text);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return Json::parse(outcome.out);
}

Outcome eval_with(std::vector<std::string> flags) {
  const Session& session = Session::get();
  const std::vector<std::string> arguments{"eval", "--data", session.photos, "--model", session.run};
  flags.insert(flags.begin(), arguments.begin(), arguments.end());
  return session(flags);
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("eval --junit has a case for each gate, also where one is missed") {
  const Scratch scratch;
  const std::string path = scratch / "made/for/junit.xml";
  Outcome outcome = eval_with({"--junit", path});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  Json junit = junit_cases(path);
  CHECK(junit["cases"] == Json{"evaluated"});
  CHECK(junit["failures"].empty());
  CHECK(contains(junit["name"], "cvtool eval " + Session::get().model + " on " + Session::get().photos + " (test)"));
  const Json document = Json::parse(content_of(Session::get().run + "/eval-test/metrics.json"));
  CHECK(junit["properties"]["model_digest"] == document["model_digest"]);
  CHECK(junit["properties"]["count"] == "18");

  outcome = eval_with({"--junit", path, "--min", "accuracy=1", "--min", "f1.Car=0", "--max", "loss=0", "--baseline",
                       Session::get().run, "--json"});
  CHECK(outcome.code == 3);
  const Json metrics = Json::parse(outcome.out)["metrics"];
  junit = junit_cases(path);
  CHECK(junit["cases"] == Json{"accuracy at least 1", "f1.Car at least 0", "loss at most 0",
                               "not worse than the baseline " + Session::get().run});
  CHECK(junit["failures"].size() == 2);
  const std::string missed = junit["failures"]["accuracy at least 1"];
  CHECK(contains(outcome.err, "gate missed: " + missed.substr(0, missed.find(" (95 % interval: 0."))));
  CHECK(names_in(scratch / "made/for") == std::set<std::string>{"junit.xml"});
}

TEST_CASE("eval --summary adds a part to the page of a job at each call") {
  const Scratch scratch;
  const std::string path = scratch.write("summary.md", "what another step has written\n\n");
  CHECK(eval_with({"--summary", path, "--min", "accuracy=0"}).code == 0);
  CHECK(eval_with({"--summary", path, "--min", "accuracy=1.0", "--baseline", Session::get().run}).code == 3);
  const std::string page = content_of(path);
  CAPTURE(page);
  CHECK(page.rfind("what another step has written\n\n### cvtool eval: accuracy ", 0) == 0);
  CHECK(count_of(page, "\n### cvtool eval: ") == 2);
  CHECK(contains(page, "of 18 photos, 1 gate met\n"));
  CHECK(contains(page, "of 18 photos, 1 of 2 gates missed\n"));
  CHECK(contains(page, "| Truck | 9 | "));
  CHECK(contains(page, " | +0.0000 |\n"));
  const Outcome printed = eval_with({"--summary", "/dev/stdout", "-q"});
  CHECK(printed.out.rfind("### cvtool eval: ", 0) == 0);
}

TEST_CASE("Reports for CI go over nothing else, which is found before photos are read") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string both = scratch / "both.md", table = session.run + "/eval-test/metrics.json";
  check_refused(eval_with({"--junit", both, "--summary", both}), 2, {"--summary " + both, "give another name"});
  check_refused(eval_with({"--junit", table}), 2, {"--junit " + table, "is written by this command too"});
  check_refused(eval_with({"--summary", session.model}), 2, {session.model, "this command reads"});
  check_refused(eval_with({"--junit", session.run + "/MODEL_CARD.md"}), 2, {"was written by the training"});
  check_refused(eval_with({"--junit", scratch.write("a.png", "\x89PNG\r\n\x1a\n")}), 2, {"a.png", "not a text"});
  CHECK(names_in(scratch.path()) == std::set<std::string>{"a.png"});
  check_refused(eval_with({"--junit", "/dev/full"}), 1, {"cannot write /dev/full: No space left"});
}

TEST_CASE("An evaluation that fails leaves no report of a former one to be taken for its own") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string junit = scratch / "junit.xml", summary = scratch / "summary.md", folder = scratch / "eval";
  const std::vector<std::string> reports{"--junit", junit, "--summary", summary, "-o", folder};
  CHECK(eval_with(reports).code == 0);
  CHECK(fs::exists(folder + "/metrics.json"));
  const std::string broken = scratch.write("broken.pt", content_of(session.model).substr(0, 2000));
  std::vector<std::string> arguments{"eval", "--data", session.photos, "--model", broken};
  arguments.insert(arguments.end(), reports.begin(), reports.end());
  CHECK(session(arguments).code == 1);
  Json cases = junit_cases(junit);
  CHECK(cases["errors"].size() == 1);
  CHECK(contains(cases["errors"]["evaluated"], "broken.pt"));
  CHECK(contains(content_of(summary), "### cvtool eval: failed\n\nModel "));
  CHECK_FALSE(fs::exists(folder + "/metrics.json"));
  CHECK_FALSE(fs::exists(folder + "/report.html"));

  CHECK(eval_with(reports).code == 0);
  arguments[2] = scratch / "no-photos";
  arguments[4] = session.run;
  CHECK(session(arguments).code != 0);
  CHECK(junit_cases(junit)["errors"].size() == 1);
  CHECK(count_of(content_of(summary), "### cvtool eval: failed") == 2);

  // What is not a report of eval is left as it is.
  const std::string notes = scratch.write("notes.txt", "of somebody else");
  arguments[6] = notes;
  CHECK(session(arguments).code != 0);
  CHECK(content_of(notes) == "of somebody else");
}

TEST_CASE("Names of any bytes stand in reports and card without breaking them") {
  const Session& session = Session::get();
  const Scratch data;
  const std::string photos = data / "ph|o`t\xff<os>", bar = "a|\"b`&'", tag = "<i>\n\xEF\xBF\xBF";
  for (const char* split : {"train", "test"}) {
    fs::create_directories(photos + "/" + split);
    fs::copy(session.photos + "/test/Car", photos + "/" + split + "/" + bar);
    fs::copy(session.photos + "/test/Truck", photos + "/" + split + "/" + tag);
  }
  Invocation invocation;
  invocation.folder = data.path();
  invocation.arguments = {"train", "--data", photos, "--recipe", session.recipe, "--epochs", "1"};
  const Outcome trained = run_program(invocation);
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  invocation.arguments = {"eval",    "--data", photos,      "--min", "f1." + bar + "=1", "--min", "f1." + tag + "=1",
                          "--junit", "j.xml",  "--summary", "s.md"};
  const Outcome outcome = run_program(invocation);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 3);
  CHECK(contains(outcome.err, "gate missed: f1.<i>\\n"));
  const Json junit = junit_cases(data / "j.xml");
  CHECK(junit["cases"] == Json{"f1." + bar + " at least 1", "f1.<i>\\n\xEF\xBF\xBD at least 1"});
  CHECK(contains(junit["properties"]["data"], "ph|o`t\\xff<os>"));
  for (const std::string& text : {content_of(data / "s.md"), content_of(data / "runs/train/MODEL_CARD.md")}) {
    CAPTURE(text);
    CHECK(contains(text, "| a\\|\"b\\`\\&' | "));
    CHECK(contains(text, "| \\<i\\>\\\\n\xEF\xBF\xBF | "));
    CHECK(contains(text, "/ph\\|o\\`t\\\\xff\\<os\\>"));
  }
}

TEST_CASE("A run has a model card, and evaluations have theirs; what was filled in stays") {
  const Session& session = Session::get();
  const std::string card = content_of(session.run + "/MODEL_CARD.md");
  CHECK(contains(card, "# small: Car, Truck\n"));
  CHECK(contains(card, "- training photos: 48 photos: 24 Car, 24 Truck\n"));
  CHECK(contains(card, "- evaluated on: 24 photos (valid) of "));
  CHECK(contains(card, "- split: as the data set says; where it does not, "));
  CHECK(contains(card, "cvtool train --data " + session.photos));

  const Scratch scratch;
  const std::vector<std::string> arguments{"-o", scratch / "out", "--min", "accuracy=0"};
  REQUIRE(eval_with(arguments).code == 0);
  const std::string path = scratch / "out/MODEL_CARD.md", of_test = content_of(path);
  CHECK(contains(of_test, "- evaluated on: 18 photos (test) of "));
  CHECK(contains(of_test, "- met: accuracy is "));
  REQUIRE(eval_with(arguments).code == 0);
  CHECK(content_of(path) == of_test);
  scratch.write("out/MODEL_CARD.md", of_test + "mine\n");
  const Outcome outcome = eval_with(arguments);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, path + ": was changed by hand and stays as it is"));
  CHECK(content_of(path) == of_test + "mine\n");
}
