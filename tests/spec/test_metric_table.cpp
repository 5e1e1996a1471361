#include "spec/metric_table.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("Each metric stands in the table once and is found by any path to it") {
  std::set<std::string> names;
  for (const MetricKind& kind : metric_kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    CHECK(metric_kind(kind.name).name == kind.name);
    CHECK(kind.low < kind.high);
  }
  CHECK(std::string(metric_kind("macro.f1").name) == "macro");
  CHECK(std::string(metric_kind("f1.St. Bernard").name) == "f1");
  CHECK(contains(message_of([] { metric_kind("acuracy"); }), "there is no metric 'acuracy'"));
  for (const std::string& name : averaged_metrics()) CHECK(names.count(name) == 1);
}

TEST_CASE("A value is found by its path, whatever dots a class's name holds") {
  const Json metrics = Json::parse(R"({"accuracy": 0.5, "f1": {"St. Bernard": 0.25}, "roc_auc": null})");
  CHECK(*metric_value(metrics, "accuracy") == 0.5);
  CHECK(*metric_value(metrics, "f1.St. Bernard") == 0.25);
  CHECK(metric_value(metrics, "roc_auc")->is_null());
  CHECK(metric_value(metrics, "f1.St") == nullptr);
  CHECK(metric_value(metrics, "accuracy.cat") == nullptr);
  CHECK(metric_value(metrics, "mcc") == nullptr);
}

TEST_CASE("Counts are printed whole, all else with four decimals") {
  CHECK(metric_text(metric_kind("accuracy"), 1) == "1.0000");
  CHECK(metric_text(metric_kind("support.cat"), 1200) == "1,200");
  const Json metrics = Json::parse(R"({"intervals": {"accuracy": [0.82214, 0.91376], "macro": {"f1": [0.5, 1]}}})");
  CHECK(interval_text(metrics, "accuracy") == "0.8221 to 0.9138");
  CHECK(interval_text(metrics, "macro.f1") == "0.5000 to 1.0000");
  CHECK(interval_text(metrics, "ece").empty());
  CHECK(interval_text(Json::object(), "accuracy").empty());
}

TEST_CASE("A metric may need a number of classes") {
  CHECK(metric_kind("accuracy").fits(2));
  CHECK_FALSE(metric_kind("top_5_accuracy").fits(5));
  CHECK(metric_kind("top_5_accuracy").fits(6));
  CHECK(metric_kind("best_f1_threshold").fits(2));
  CHECK_FALSE(metric_kind("best_f1_threshold").fits(3));
}
