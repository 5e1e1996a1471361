// compare on runs whose files were changed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "engine/jobs.h"
#include "scratch.h"

using namespace cvtool;

namespace {

struct MadeRun {
  MadeRun() {
    write("config.json", R"({"name": "small"})");
    write("history.csv", "epoch,loss,val_accuracy,seconds\n1,0.5,0.75,2\n2,0.4,0.5,2\n");
    write("metrics.json", metrics.dump());
  }
  void write(const std::string& name, const std::string& text) const { scratch.write("run/" + name, text); }
  ComparedRun compared() const { return compare_job({{scratch / "run"}, scratch / "compare.png"}).runs.at(0); }
  // "" where it is compared. Anything but Error is a failure.
  std::string refusal() const {
    try {
      compared();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  Scratch scratch;
  Json metrics = json_from_text(R"({"split": "valid", "metrics": {"accuracy": 0.75, "loss": 0.4,
                                    "intervals": {"accuracy": [0.5, 0.9]}}})",
                                "test");
};

}  // namespace

TEST_CASE("compare takes its figures from metrics.json, or from the history of a run that was interrupted") {
  const MadeRun run;
  CHECK(run.compared().split == "valid");
  CHECK(run.compared().accuracy == 0.75);
  CHECK(run.compared().accuracy_interval == Interval95{0.5, 0.9});
  std::filesystem::remove(run.scratch / "run/metrics.json");
  CHECK_FALSE(run.compared().split);
  CHECK(run.compared().accuracy == 0.75);
}

TEST_CASE("A key of metrics.json that is gone or of another type is named with its file") {
  const MadeRun run;
  const auto refusal = [&](const char* pointer, const Json& value) {
    Json changed = run.metrics;
    changed[Json::json_pointer(pointer)] = value;
    run.write("metrics.json", changed.dump());
    return run.refusal();
  };
  for (const char* pointer : {"/split", "/metrics", "/metrics/accuracy", "/metrics/loss", "/metrics/intervals",
                              "/metrics/intervals/accuracy"})
    for (const Json& value : {Json(), Json(5), Json("x"), Json::array(), Json::object(), Json(true)}) {
      CAPTURE(std::string(pointer));
      CAPTURE(value.dump());
      const std::string why = refusal(pointer, value);
      CHECK((why.empty() || contains(why, "metrics.json: ")));
    }
  CHECK(contains(refusal("/split", 5), "'split' must be a text, not 5"));
  Json without = run.metrics;
  without.erase("split");
  run.write("metrics.json", without.dump());
  CHECK(contains(run.refusal(), "metrics.json: 'split' is missing"));
  run.write("metrics.json", "{");
  CHECK(contains(run.refusal(), "metrics.json: not valid JSON"));
}

TEST_CASE("A damaged config.json or history.csv is named") {
  const MadeRun run;
  run.write("config.json", R"({"name": 3})");
  CHECK(contains(run.refusal(), "config.json: 'name' must be a text, not 3"));
  run.write("config.json", "[]");
  CHECK(contains(run.refusal(), "config.json: must be an object"));
  run.write("config.json", "{}");
  for (const char* text : {"", "epoch,loss\n1\n", "epoch,loss\n1,x\n"}) {
    run.write("history.csv", text);
    CHECK(contains(run.refusal(), "run/history.csv: "));
  }
}
