#include "report/junit.h"

#include <doctest/doctest.h>

#include "report/reported.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("JUnit: without a gate one case says that the model was evaluated") {
  const std::string text = junit_text(reported({"Car", "Truck"}), 1.5);
  CHECK(contains(text,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cvtool\" tests=\"1\" "
                 "failures=\"0\" errors=\"0\" time=\"1.500\">"));
  CHECK(contains(text, "<testsuite name=\"cvtool eval runs/one/best.pt on photos (test)\" tests=\"1\" failures=\"0\""));
  CHECK(contains(text, "<property name=\"model_digest\" value=\"abc\"/>"));
  CHECK(contains(text, "<testcase classname=\"cvtool.eval\" name=\"evaluated\" time=\"1.500\"/>"));
}

TEST_CASE("JUnit: a gate is a case, and one that is missed has value, bound and interval") {
  Json document = reported({"Car", "Truck"});
  document["gates"] = {gate("accuracy", 0.8, 0.9), gate("f1.Car", 0.9, 0.5), gate("intervals.accuracy.0", 0.75, 0.8)};
  document["gates"].push_back({{"metric", "roc_auc"}, {"max", 1}, {"value", nullptr}, {"met", false}, {"text", "no"}});
  const std::string text = junit_text(document, 2);
  CHECK(contains(text, "tests=\"4\" failures=\"3\""));
  CHECK(contains(text,
                 "name=\"accuracy at least 0.9\" time=\"2.000\">\n      <failure type=\"gate\" "
                 "message=\"accuracy is so, so is asked (95 % interval: 0.7500 to 0.8500)\">value 0.8; least "
                 "0.9; 95 % interval 0.7500 to 0.8500</failure>"));
  CHECK(contains(text, "name=\"f1.Car at least 0.5\" time=\"0.000\"/>"));
  CHECK(contains(text, ">value 0.75; least 0.8</failure>"));
  CHECK(contains(text, "name=\"roc_auc at most 1\" time=\"0.000\">"));
  CHECK(contains(text, ">value undefined; most 1</failure>"));
}

TEST_CASE("JUnit: a lost baseline is a failure, a kept one is none") {
  Json document = reported({"Car", "Truck"});
  document["baseline"] = {{"name", "runs/old"}, {"met", true}, {"text", "no significant loss"}};
  CHECK(contains(junit_text(document, 1), "name=\"not worse than the baseline runs/old\" time=\"1.000\"/>"));
  document["baseline"]["met"] = false;
  const std::string text = junit_text(document, 1);
  CHECK(contains(text, "failures=\"1\""));
  CHECK(contains(text, "message=\"no significant loss\">no significant loss</failure>"));
}

TEST_CASE("JUnit: whatever bytes names are of, they are text of XML") {
  Json document = reported(odd_names());
  for (const std::string& name : odd_names()) document["gates"].push_back(gate("f1." + name, 0, 1));
  document["data"] = odd_names()[2];
  const std::string text = junit_text(document, 1);
  CHECK(contains(text, "name=\"f1.&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;]]&gt; at least 1\""));
  CHECK(contains(text, "two\\nlines\\x1b[31m"));
  CHECK(contains(text, "\\xff no UTF-8"));
  CHECK(contains(text, "\xEF\xBF\xBD no character"));
  CHECK_FALSE(contains(text, "\xEF\xBF\xBE"));
  CHECK_FALSE(contains(text, "\x1b"));
}
