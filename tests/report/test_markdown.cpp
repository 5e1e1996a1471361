#include "report/markdown.h"

#include <doctest/doctest.h>

#include "report/evaluation_summary.h"
#include "report/reported.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("Nothing in a name is Markdown") {
  CHECK(markdown_text("a|b`c") == "a\\|b\\`c");
  CHECK(markdown_text("<b>&*_~[x](y)</b> $z$ #1 !") == "\\<b\\>\\&\\*\\_\\~\\[x\\](y)\\</b\\> \\$z\\$ \\#1 \\!");
  CHECK(markdown_text("two\nlines\xff") == "two\\\\nlines\\\\xff");
  CHECK(markdown_text("gr\xC3\xBCn 0.5 (a-b)") == "gr\xC3\xBCn 0.5 (a-b)");
}

TEST_CASE("No line closes the block that it stands in") {
  CHECK(markdown_block({"ls", "a ``` b"}) == "````sh\nls\na ``` b\n````\n");
  CHECK(markdown_block({"a\n```\nb"}) == "````sh\na\\n```\\nb\n````\n");
}

TEST_CASE("A table has its numbers on the right") {
  CHECK(markdown_table({{"class", "F1"}, {{"Car", "0.5"}}, true}) == "| class | F1 |\n|---|---:|\n| Car | 0.5 |\n");
  CHECK(markdown_table({{"a", "b"}, {}, false}) == "| a | b |\n|---|---|\n");
}

TEST_CASE("A summary shows figures, gates, the change and the weakest classes, each on its lines") {
  Json document = reported({"A", "B", "C", "D", "E", "F"});
  document["gates"] = {gate("accuracy", 0.8, 0.9), gate("f1.A", 0.9, 0.5)};
  document["baseline"] = {{"name", "runs/old"}, {"met", true}, {"accuracy", 0.825}, {"text", "no significant loss"}};
  document["warnings"] = {"fewer than 10 photos of A"};
  const std::string text = evaluation_summary(document, {"A", "B", "C", "D", "E", "F"});
  CHECK(contains(text, "### cvtool eval: accuracy 0.8000 of 120 photos, 1 of 3 gates missed\n\n"));
  CHECK(contains(
      text, "\n\n| metric | value | 95 % interval |\n|---|---:|---:|\n| accuracy | 0.8000 | 0.7500 to 0.8500 |\n"));
  CHECK(contains(text, "| macro F1 | 0.7500 |  |\n"));
  CHECK_FALSE(contains(text, "ROC AUC"));  // undefined
  CHECK(contains(text, "\n- **missed**: accuracy is so, so is asked\n- met: f1.A is so, so is asked\n\n"));
  CHECK(contains(text, "| accuracy | 0.8250 | 0.8000 | -0.0250 |\n\nno significant loss\n"));
  CHECK(contains(text,
                 "| weakest classes | photos | precision | recall | F1 |\n|---|---:|---:|---:|---:|\n"
                 "| F | 20 | 0.4000 | 0.4000 | 0.4000 |\n| E |"));
  CHECK_FALSE(contains(text, "| A |"));
  CHECK(contains(text, "\n- fewer than 10 photos of A\n\n"));
  document["gates"][0]["met"] = true;
  CHECK(contains(evaluation_summary(document, {"A", "B"}), ", 3 gates met\n"));
}

TEST_CASE("Odd names of classes leave each row of a summary with its cells") {
  const std::string text = evaluation_summary(reported(odd_names()), odd_names());
  std::istringstream in(text);
  int rows = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("| ", 0) != 0 || !contains(line, " 20 |")) continue;
    ++rows;
    int cells = 0;
    for (size_t i = 0; i < line.size(); ++i) cells += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    CHECK(cells == 6);
  }
  CHECK(rows == 5);
}
