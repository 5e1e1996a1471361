#include "report/junit.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/output.h"
#include "base/text.h"
#include "base/version.h"
#include "report/html.h"
#include "spec/metric_table.h"

namespace cvtool {
namespace {

// Of Unicode's characters, XML has no place for control characters, U+FFFE and U+FFFF.
std::string xml_text(const std::string& text) {
  std::string out = html_text(printable(text));
  for (const char* none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (size_t at = out.find(none); at != std::string::npos; at = out.find(none, at))
      out.replace(at, 3, "\xEF\xBF\xBD");
  return out;
}

std::string attribute(const std::string& name, const std::string& value) {
  return " " + name + "=\"" + xml_text(value) + "\"";
}

struct TestCase {
  std::string name, trouble, detail;  // no trouble: it holds
};

TestCase case_of_gate(const Json& gate, const Json& metrics) {
  const auto metric = gate.at("metric").get<std::string>();
  const bool min = gate.contains("min");
  const std::string bound = number_text(gate.at(min ? "min" : "max").get<double>());
  TestCase test{metric + (min ? " at least " : " at most ") + bound, "", ""};
  if (gate.at("met").get<bool>()) return test;
  test.trouble = gate.at("text").get<std::string>();
  const Json& value = gate.at("value");
  test.detail = "value " + (value.is_number() ? number_text(value.get<double>()) : "undefined") + "; " +
                (min ? "least " : "most ") + bound;
  const bool end = starts_with(metric, "intervals.");  // it is an end of one itself
  const std::string interval = end ? "" : interval_text(metrics, metric);
  if (!interval.empty()) {
    test.trouble += " (95 % interval: " + interval + ")";
    test.detail += "; 95 % interval " + interval;
  }
  return test;
}

std::vector<TestCase> cases_of(const Json& document) {
  std::vector<TestCase> cases;
  for (const Json& gate : document.value("gates", Json::array()))
    cases.push_back(case_of_gate(gate, document.at("metrics")));
  if (const Json baseline = document.value("baseline", Json()); baseline.is_object()) {
    TestCase test{"not worse than the baseline " + baseline.at("name").get<std::string>(), "", ""};
    const auto text = baseline.at("text").get<std::string>();
    if (!baseline.at("met").get<bool>()) test.trouble = test.detail = text;
    cases.push_back(test);
  }
  if (cases.empty()) cases.push_back({"evaluated", "", ""});
  return cases;
}

// Programs take the sum of the cases' times for the suite's: the first one has it all.
std::string case_text(const TestCase& test, double seconds) {
  const std::string head =
      "    <testcase classname=\"cvtool.eval\"" + attribute("name", test.name) + attribute("time", fixed(seconds, 3));
  if (test.trouble.empty()) return head + "/>\n";
  return head + ">\n      <failure type=\"gate\"" + attribute("message", test.trouble) + ">" + xml_text(test.detail) +
         "</failure>\n    </testcase>\n";
}

std::string properties_of(const Json& document) {
  std::string out = "    <properties>\n";
  const auto add = [&](const std::string& name, const std::string& value) {
    out += "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
  };
  add("cvtool", kVersion);
  for (const char* key : {"model", "model_digest", "data", "split"}) add(key, document.value(key, ""));
  const Json& metrics = document.at("metrics");
  for (const char* name : {"count", "accuracy", "loss"})
    if (const Json* value = metric_value(metrics, name); value && value->is_number())
      add(name, number_text(value->get<double>()));
  if (const std::string interval = interval_text(metrics, "accuracy"); !interval.empty())
    add("intervals.accuracy", interval);
  return out + "    </properties>\n";
}

constexpr const char* kBeginning = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cvtool\"";

// What the file and its one suite say of the cases.
struct JunitCounts {
  int64_t tests, failures, errors;
  double seconds;
};

std::string junit_around(const std::string& suite, const JunitCounts& of, const std::string& content) {
  const std::string counts = attribute("tests", std::to_string(of.tests)) +
                             attribute("failures", std::to_string(of.failures)) +
                             attribute("errors", std::to_string(of.errors)) + attribute("time", fixed(of.seconds, 3));
  return kBeginning + counts + ">\n  <testsuite" + attribute("name", suite) + counts + attribute("skipped", "0") +
         ">\n" + content + "  </testsuite>\n</testsuites>\n";
}

std::string suite_name(const Json& document) {
  const std::string split = document.value("split", "");
  return "cvtool eval " + document.value("model", "") + " on " + document.value("data", "") +
         (split.empty() ? "" : " (" + split + ")");
}

}  // namespace

std::string junit_text(const Json& document, double seconds) {
  const std::vector<TestCase> cases = cases_of(document);
  const auto failures =
      std::count_if(cases.begin(), cases.end(), [](const TestCase& test) { return !test.trouble.empty(); });
  std::string content = properties_of(document);
  for (size_t i = 0; i < cases.size(); ++i) content += case_text(cases[i], i == 0 ? seconds : 0);
  return junit_around(suite_name(document), {static_cast<int64_t>(cases.size()), failures, 0, seconds}, content);
}

std::string junit_of_failure(const Json& document, const std::string& error) {
  const std::string content =
      "    <testcase classname=\"cvtool.eval\" name=\"evaluated\" time=\"0.000\">\n      <error" +
      attribute("message", error) + "/>\n    </testcase>\n";
  return junit_around(suite_name(document), {1, 0, 1, 0}, content);
}

bool begins_like_own_junit(const std::string& bytes) { return starts_with(bytes, kBeginning); }

}  // namespace cvtool
