#include "spec/augment_kinds.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

using namespace cvtool;

namespace {

std::string message_of(const std::string& text) {
  try {
    parse_augment_text(text);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("The command line and the recipe give the same resolved list") {
  const Json recipe = Json::parse(R"([{"kind": "random_flip", "mode": "horizontal"},
    {"kind": "random_rotation", "factor": 0.2}, {"kind": "random_contrast", "factor": 0.5}])");
  const Json resolved = parse_augment_text("flip=horizontal, rotation=0.2 ,contrast=0.5");
  CHECK(resolved == resolve_augment(recipe, "augment"));
  CHECK(resolved[1] == Json::parse(R"({"kind": "random_rotation", "factor": 0.2, "fill": "reflect",
    "fill_value": 0.0, "interpolation": "bilinear"})"));
  CHECK(resolve_augment(resolved, "augment") == resolved);
}

TEST_CASE("None, nothing and an empty list mean no augmentation") {
  CHECK(parse_augment_text("none").empty());
  CHECK(parse_augment_text("").empty());
  CHECK(resolve_augment(Json(), "augment").empty());
  CHECK(resolve_augment("none", "augment").empty());
}

TEST_CASE("Strengths of the command line reach their parameters") {
  CHECK(parse_augment_text("zoom=0.3")[0]["width_factor"] == -1);
  CHECK(parse_augment_text("zoom=0.3:0.1")[0]["width_factor"] == 0.1);
  CHECK(parse_augment_text("translation=0.3")[0]["width_factor"] == 0.3);
  CHECK(parse_augment_text("shear=0.3:0.1")[0]["y_factor"] == 0.1);
  CHECK(parse_augment_text("randaugment=3:12")[0]["m"] == 12);
  CHECK(parse_augment_text("crop=96x128")[0]["size"] == Json::array({96, 128}));
  CHECK(parse_augment_text("random_flip")[0]["mode"] == "horizontal");
}

TEST_CASE("Wrong names and strengths are usage errors that name place and remedy") {
  CHECK(contains(message_of("rotatoin=0.2"), "did you mean 'rotation'"));
  CHECK(contains(message_of("flip=horizontl"), "did you mean 'horizontal'"));
  CHECK(contains(message_of("rotation=1.5"), "1.5 is out of range; it must be from 0 to 1"));
  CHECK(contains(message_of("rotation=-0.1"), "out of range"));
  CHECK(contains(message_of("rotation=much"), "'much' is not a number"));
  CHECK(contains(message_of("rotation=0.1:0.2"), "takes at most 1 value"));
  CHECK(contains(message_of("crop"), "size: is missing"));
  CHECK(contains(message_of("resized_crop=0.9:0.2"), "must not be above max_area"));
  CHECK(contains(message_of("zoom=0.2:-0.5"), "-1 for the zoom of the height"));
  CHECK_THROWS_AS(resolve_augment(Json::parse(R"([{"kind": "random_flip", "mod": "vertical"}])"), "augment"),
                  UsageError);
  CHECK_THROWS_AS(resolve_augment(Json::parse(R"([{"mode": "vertical"}])"), "augment"), UsageError);
  CHECK_THROWS_AS(resolve_augment(Json(3), "augment"), UsageError);
}

TEST_CASE("Every kind has a name of its own, help, and strengths that are parameters") {
  std::set<std::string> names;
  for (const auto& kind : augment_kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    if (std::string(kind.name) != kind.short_name) CHECK(names.insert(kind.short_name).second);
    CHECK(std::string(kind.help).size() > 3);
    std::set<std::string> keys;
    for (const auto& field : kind.describe()) {
      keys.insert(field.key);
      CHECK(!field.doc.help.empty());
    }
    CHECK(!kind.strengths.empty());
    for (const auto& key : kind.strengths) CHECK(keys.count(key) == 1);
  }
}

TEST_CASE("Kinds that mirror or turn are told apart") {
  CHECK(orientation_changes(parse_augment_text("flip,contrast,rotation=0.1,zoom")) ==
        std::vector<std::string>{"random_flip", "random_rotation"});
}

TEST_CASE("Test-time augmentation is none, flip or a number of variants") {
  CHECK(parse_tta_text("none").variants == 1);
  CHECK(parse_tta_text("flip").flip);
  CHECK(parse_tta_text("8").variants == 8);
  CHECK_THROWS_AS(parse_tta_text("0"), UsageError);
  CHECK_THROWS_AS(parse_tta_text("flop"), UsageError);
}

TEST_CASE("A list is told in the words of the command line") {
  const std::string text =
      "flip=vertical, rotation=0.2, zoom=0.3, zoom=0.3:0.1, translation=0.3, shear=0.3:0.1, crop=96x128, "
      "randaugment=2:9";
  CHECK(augment_text(parse_augment_text(text)) == text);
  CHECK(augment_text(parse_augment_text("none")).empty());
  CHECK(augment_text(parse_augment_text("crop=64")) == "crop=64");
}

TEST_CASE("The size after a list is that of its last crop") {
  CHECK(size_after_augment(parse_augment_text("flip,crop=64,crop=8x9,contrast"), {100, 200}) == ImageSize{8, 9});
  CHECK(size_after_augment(parse_augment_text("flip"), {100, 200}) == ImageSize{100, 200});
}
