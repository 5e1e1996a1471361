#include "base/name_list.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

using Names = std::vector<std::string>;

TEST_CASE("A list of names is separated by commas, with quotation marks around what holds one") {
  const auto names = [](const std::string& text) { return names_from_text(text, "--classes"); };
  CHECK(names("cat,dog") == Names{"cat", "dog"});
  CHECK(names("").empty());
  CHECK(names("cat, dog ,") == Names{"cat", "dog", ""});
  CHECK(names(R"("red, blue",green)") == Names{"red, blue", "green"});
  CHECK(names(R"("red, blue"=2, green=1)") == Names{"red, blue=2", "green=1"});
  CHECK(names(R"("red, blue=2")") == Names{"red, blue=2"});
  CHECK(names(R"(" a ", "say ""hi""")") == Names{" a ", "say \"hi\""});
  CHECK(names(R"(5" disk,3" disk)") == Names{"5\" disk", "3\" disk"});
  CHECK(names("[old],{new}") == Names{"[old]", "{new}"});
}

TEST_CASE("A list of names may be JSON") {
  CHECK(names_from_text(R"(["red, blue", "a=b"])", "--classes") == Names{"red, blue", "a=b"});
  CHECK(names_from_text(R"( { "red, blue": 2.5, "a=b": 1})", "--classes") == Names{"red, blue=2.5", "a=b=1"});
  CHECK(names_from_text("[]", "--classes").empty());
  const auto message = [](const std::string& text) { return message_of([&] { names_from_text(text, "--classes"); }); };
  CHECK(contains(message(R"({"red": 1,)"), "--classes: '{\"red\": 1,' begins as JSON does"));
  CHECK(contains(message(R"("red, blue)"), "a quotation mark is not closed"));
  CHECK_THROWS_AS(names_from_text("\"", "--classes"), UsageError);
}

TEST_CASE("A list of names reads back as it was written") {
  for (const Names& names : {Names{"cat", "dog"}, Names{"red, blue=2", " edge", "a\"b", "\"", "end "},
                             Names{"{\"x\": 1}", "y"}, Names{"[\"x\"]"}, Names{"", "a"}})
    CHECK(names_from_text(text_of_names(names), "--x") == names);
  CHECK(text_of_names({"Car=1", "Truck=2.5"}) == "Car=1,Truck=2.5");
}
