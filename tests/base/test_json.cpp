#include "base/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::string refusal(const std::string& text) {
  return message_of([&] { json_from_text(text, "file.json"); });
}

}  // namespace

TEST_CASE("What is no JSON is refused with the file and the line") {
  CHECK(contains(refusal("{\n  \"a\": }"), "file.json: not valid JSON at line 2"));
  CHECK(json_from_text("{\"a\": 1} // said by the way", "file.json")["a"] == 1);
}

TEST_CASE("A number that overflows is refused with the file, however long it is") {
  CHECK(refusal("{\"lr\": 1e999}") ==
        "file.json: not valid JSON: no number may be as large as '1e999'; mend it in the file");
  CHECK(refusal("-1e400") == "file.json: not valid JSON: no number may be as large as '-1e400'; mend it in the file");
  CHECK(refusal(std::string(5000, '9') + "e9").size() < 150);
}
