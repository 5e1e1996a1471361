#include "spec/gates.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

const Json& metrics() {
  static const Json json = Json::parse(R"({
    "count": 40, "accuracy": 0.9, "roc_auc": null, "ece": 0.0523,
    "f1": {"cat": 0.85, "St. Bernard=big": 0.4}, "macro": {"precision": 0.7, "recall": 0.6, "f1": 0.625},
    "intervals": {"accuracy": [0.8, 0.95], "macro": {"f1": [0.5, 0.75]}}})");
  return json;
}

bool met(const std::string& text, const std::string& flag = "--min") {
  return judged({gate_from_text(text, flag)}, metrics())[0].met;
}

std::string refusal(const std::string& text, const std::string& flag = "--min") {
  return message_of([&] { gate_from_text(text, flag); });
}

std::string refusal_of_model(const std::string& text, const std::vector<std::string>& classes) {
  return message_of([&] { check_gates({gate_from_text(text, "--min")}, classes); });
}

}  // namespace

TEST_CASE("A gate is met from its value on, in its direction") {
  CHECK(met("accuracy=0.9"));
  CHECK_FALSE(met("accuracy=0.9001"));
  CHECK(met("accuracy=.5"));
  CHECK(met("ece=0.0523", "--max"));
  CHECK_FALSE(met("ece=0.05", "--max"));
}

TEST_CASE("A gate reaches every number of metrics.json by its path") {
  CHECK(met("f1.cat=0.85"));
  CHECK_FALSE(met("f1.cat=0.86"));
  CHECK(met("f1.St. Bernard=big=0.4"));
  CHECK_FALSE(met("f1.St. Bernard=big=0.41"));
  CHECK(met("macro.recall=0.6"));
  CHECK_FALSE(met("macro.recall=0.61"));
  CHECK(met("intervals.accuracy.0=0.8"));
  CHECK_FALSE(met("intervals.accuracy.0=0.81"));
  CHECK(met("intervals.accuracy.1=0.95", "--max"));
  CHECK_FALSE(met("intervals.macro.f1.0=0.51"));
  CHECK(met("count=40"));
}

TEST_CASE("A metric that is undefined meets no gate and says so") {
  const GateResult result = judged({gate_from_text("roc_auc=0", "--min")}, metrics())[0];
  CHECK_FALSE(result.met);
  CHECK(gate_text(result) == "roc_auc is undefined on these photos, at least 0 is asked");
  CHECK_FALSE(met("intervals.brier.1=2", "--max"));
}

TEST_CASE("A gate's sentence shows the difference, however small") {
  CHECK(gate_text({gate_from_text("accuracy=0.95", "--min"), 0.9, false}) ==
        "accuracy is 0.9000, at least 0.95 is asked");
  CHECK(gate_text({gate_from_text("accuracy=0.95", "--min"), 0.949999, false}) ==
        "accuracy is 0.949999, at least 0.95 is asked");
  CHECK(gate_text({gate_from_text("ece=0.05", "--max"), 0.0625, false}) == "ece is 0.0625, at most 0.05 is asked");
}

TEST_CASE("Values that a metric cannot take are refused") {
  CHECK(contains(refusal("accuracy=1.01"), "--min accuracy=1.01: accuracy can only be from 0 to 1"));
  CHECK(contains(refusal("intervals.accuracy.0=1.01"), "can only be"));
  CHECK(contains(refusal("ece=-0.1", "--max"), "--max ece=-0.1"));
  CHECK(refusal("mcc=-1").empty());
  CHECK(contains(refusal("log_loss=-1", "--max"), "can only be at least 0"));
  CHECK(refusal("loss=1000", "--max").empty());
  CHECK(contains(refusal("accuracy=high"), "'high' is not a number"));
  CHECK(contains(refusal("accuracy=nan"), "'nan' is not a number"));
  CHECK(contains(refusal("accuracy"), "write METRIC=VALUE"));
  CHECK(contains(refusal("=0.5"), "write METRIC=VALUE"));
}

TEST_CASE("A mistyped metric is named with its nearest name") {
  CHECK(contains(refusal("acuracy=0.9"), "unknown metric 'acuracy'; did you mean 'accuracy'?"));
  CHECK(contains(refusal("macro.f2=0.9"), "unknown metric 'f2'; did you mean 'f1'?"));
  CHECK(contains(refusal("accuracy.cat=0.9"), "accuracy has nothing below it"));
  CHECK(contains(refusal("f1=0.9"), "write f1.CLASS=VALUE"));
  CHECK(contains(refusal("macro=0.9"), "write macro.precision"));
  CHECK(contains(refusal("intervals.loss.0=0.9"), "unknown metric with an interval 'loss'"));
  CHECK(contains(refusal("intervals.accuracy=0.9"), "write intervals.METRIC.0"));
  CHECK_THROWS_AS(gate_from_text("intervals.=0.9", "--min"), UsageError);
  CHECK_THROWS_AS(gate_from_text("intervals.0=0.9", "--min"), UsageError);
}

TEST_CASE("What depends on the model's classes is checked against them") {
  CHECK(refusal_of_model("f1.cat=0.9", {"cat", "dog"}).empty());
  CHECK(contains(refusal_of_model("f1.cta=0.9", {"cat", "dog"}),
                 "unknown class 'cta'; did you mean 'cat'? (one of cat, dog)"));
  CHECK(contains(refusal_of_model("top_5_accuracy=0.9", {"cat", "dog"}), "needs more than five classes"));
  CHECK(contains(refusal_of_model("best_f1_threshold.f1=0.9", {"a", "b", "c"}), "needs two classes"));
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("class " + std::to_string(i));
  CHECK(refusal_of_model("recall.klass 7=0.9", many).size() < 150);
  CHECK(refusal_of_model("recall.class 999=0.9", many).empty());
  // Up to twenty are named.
  std::vector<std::string> twenty(many.begin(), many.begin() + 20);
  CHECK(contains(refusal_of_model("f1.other=0.9", twenty), "one of class 0, class 1,"));
  twenty.push_back("class 20");
  CHECK(refusal_of_model("f1.other=0.9", twenty) == "--min f1.other: unknown class 'other'");
  CHECK(refusal_of_model("f1.class 2O=0.9", twenty) ==
        "--min f1.class 2O: unknown class 'class 2O'; did you mean 'class 2'?");
  CHECK(contains(message_of([&] { check_gates({gate_from_text("f1.other=0.9", "--max")}, twenty); }),
                 "--max f1.other: "));
}
