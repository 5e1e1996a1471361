#include "base/csv.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace cvtool;

TEST_CASE("A cell reads back as it was written") {
  for (const std::string cell : {"plain", "a,b", "say \"hi\"", "two\nlines", "grün", " blank "}) {
    const auto records = csv_records(csv_cell(cell) + "," + csv_cell(cell) + "\n", "x.csv");
    REQUIRE(records.size() == 1);
    CHECK(records[0].fields == std::vector<std::string>{cell, cell});
  }
  CHECK(csv_cell("plain") == "plain");
}

TEST_CASE("Records know their lines; empty ones and a byte-order mark are passed over") {
  const auto records = csv_records(
      "\xef\xbb\xbf"
      "a,b\r\n\n\"x\ny\",\n1,2",
      "x.csv");
  REQUIRE(records.size() == 3);
  CHECK(records[0].fields == std::vector<std::string>{"a", "b"});
  CHECK(records[1].fields == std::vector<std::string>{"x\ny", ""});
  CHECK(records[1].line == 3);
  CHECK(records[2].line == 5);
  CHECK_THROWS_WITH_AS(csv_records("a\n\"b", "x.csv"), "x.csv, line 2: a quotation mark is not closed", DataError);
}
