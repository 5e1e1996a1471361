#include "base/document.h"

#include <doctest/doctest.h>

#include "scratch.h"

namespace cvtool {
namespace {

struct DocumentPart {
  double share = 0;
};
void fields(DocumentPart& p, DocumentReader& visit) { visit("share", p.share, kRequired); }

struct DocumentWhole {
  std::string name;
  int64_t count = 0;
  bool done = false;
  ImageSize size;
  std::optional<double> loss;
  std::vector<DocumentPart> parts;
  Keyed<int64_t> labels;
  JsonObject rest;
};
void fields(DocumentWhole& w, DocumentReader& visit) {
  visit("name", w.name, kRequired), visit("count", w.count), visit("done", w.done), visit("size", w.size);
  visit("loss", w.loss), visit("parts", w.parts), visit("labels", w.labels), visit("rest", w.rest);
}

const Json& whole_document() {
  static const Json document = json_from_text(
      R"({"name": "a", "count": 3, "done": true, "size": [4, 5], "loss": null, "parts": [{"share": 0.5}, {"share": 1}],
          "labels": {"b": 2, "a": 1}, "rest": {"x": []}, "new": 1})",
      "test");
  return document;
}

std::string refusal(const Json& document) {
  try {
    read_document<DocumentWhole>(document, "FILE", "mend it");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kFailed);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A document is read into its struct; keys that nobody asks for are passed over") {
  const auto read = read_document<DocumentWhole>(whole_document(), "FILE", "");
  CHECK(read.name == "a");
  CHECK(read.count == 3);
  CHECK(read.done);
  CHECK((read.size == ImageSize{4, 5}));
  CHECK_FALSE(read.loss);
  REQUIRE(read.parts.size() == 2);
  CHECK(read.parts[1].share == 1);
  CHECK((read.labels == Keyed<int64_t>{{"b", 2}, {"a", 1}}));
  CHECK(read.rest.json["x"].is_array());
  CHECK(read_document<DocumentWhole>(Json{{"name", "b"}}, "FILE", "").parts.empty());
}

TEST_CASE("What is missing or of another type is an error that names file, key and the next step") {
  Json changed = whole_document();
  changed.erase("name");
  CHECK(refusal(changed) == "FILE: 'name' is missing; mend it");
  changed = whole_document();
  changed["parts"][1]["share"] = "half";
  CHECK(refusal(changed) == "FILE: parts[1].'share' must be a number, not \"half\"; mend it");
  changed["parts"][1] = Json::object();
  CHECK(refusal(changed) == "FILE: parts[1].'share' is missing; mend it");
  changed = whole_document();
  changed["labels"]["a"] = 0.5;
  CHECK(refusal(changed) == "FILE: 'labels.a' must be an integer, not 0.5; mend it");
  CHECK(refusal(Json::array()) == "FILE: must be an object {...}, not []; mend it");
  // Any value in any place is read, or refused by name.
  for (const auto& [key, unused] : whole_document().items())
    for (const char* value : {"null", "5", "-1e300", "\"x\"", "[]", "{}", "[null]", "{\"a\": null}", "true"}) {
      changed = whole_document();
      changed[key] = Json::parse(value);
      const std::string why = refusal(changed);
      CAPTURE(why);
      CHECK((why.empty() || contains(why, key)));
    }
}

}  // namespace cvtool
