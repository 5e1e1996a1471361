#include "base/fields.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "scratch.h"

// Where its to_json is looked for.
namespace cvtool {
struct TestItem {
  double value = 0;
  std::optional<std::array<double, 2>> range;
};
void fields(const TestItem& i, JsonWriter& visit) { visit("value", i.value), visit("range", i.range); }

struct TestResult {
  std::optional<ImageSize> size;
  std::vector<TestItem> items;
  Keyed<int64_t> counts;
};
void fields(const TestResult& r, JsonWriter& visit) {
  visit("size", r.size), visit("items", r.items), visit("counts", r.counts);
}
}  // namespace cvtool

using namespace cvtool;

namespace {

struct Options {
  int64_t epochs = 20;
  double rate = 0.5, decay = 0.5, epsilon = 0.5;
  bool shuffle = true;
  std::string mode = "fast";
  std::vector<std::string> classes;
  ImageSize size{8, 8};
  Json extra = nullptr;
};
template <class Visitor>
void fields(Options& c, Visitor&& visit) {
  visit("epochs", c.epochs, Doc("").range(1, 100));
  visit("rate", c.rate, Doc("").range(0, 1));
  visit("decay", c.decay, Doc("").range(0, 1).below_high());
  visit("epsilon", c.epsilon, Doc("").range(0, 1).above_low());
  visit("shuffle", c.shuffle, Doc(""));
  visit("mode", c.mode, Doc("").words({"fast", "exact"}));
  visit("classes", c.classes, Doc(""));
  visit("size", c.size, Doc("").range(1, 512));
  visit("extra", c.extra, Doc(""));
}

Options read(const std::string& json) {
  Options options;
  read_fields(json_from_text(json, "test"), "recipe x.json: train.", options);
  return options;
}

std::string refusal(const std::string& json) {
  Options options;
  try {
    read_fields(json_from_text(json, "test"), "recipe x.json: train.", options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Keys that are given are read, the others keep their defaults") {
  const Options options =
      read(R"({"epochs": 3, "mode": "exact", "classes": ["b", "a"], "size": [4, 6], "extra": {"any": 1}})");
  CHECK(options.epochs == 3);
  CHECK(options.rate == 0.5);
  CHECK(options.mode == "exact");
  CHECK(options.classes == std::vector<std::string>{"b", "a"});
  CHECK(options.size == ImageSize{4, 6});
  CHECK(options.extra["any"] == 1);
  CHECK(read(R"({"size": 32})").size == ImageSize{32, 32});
  CHECK(read(R"({"epochs": 3.0})").epochs == 3);
}

TEST_CASE("An unknown key is refused with its place and the nearest key") {
  const std::string message = refusal(R"({"epoch": 3})");
  CHECK(contains(message, "recipe x.json: train"));
  CHECK(contains(message, "unknown key 'epoch'; did you mean 'epochs'?"));
}

TEST_CASE("A value of the wrong type is refused with what was expected") {
  CHECK(contains(refusal(R"({"epochs": "3"})"), "train.epochs: must be an integer, not \"3\""));
  CHECK(contains(refusal(R"({"epochs": 2.5})"), "train.epochs: must be an integer"));
  CHECK(contains(refusal(R"({"epochs": null})"), "train.epochs: must be an integer"));
  CHECK(contains(refusal(R"({"rate": true})"), "train.rate: must be a number"));
  CHECK(contains(refusal(R"({"shuffle": 1})"), "train.shuffle: must be true or false"));
  CHECK(contains(refusal(R"({"mode": 1})"), "train.mode: must be a text"));
  CHECK(contains(refusal(R"({"classes": ["a", 1]})"), "train.classes: must be a list of texts"));
  CHECK(contains(refusal(R"({"size": [1, 2, 3]})"), "train.size: must be a size"));
  CHECK(contains(refusal("[1]"), "train: must be a JSON object"));
}

TEST_CASE("A value out of range is refused with the range") {
  CHECK(contains(refusal(R"({"epochs": 0})"), "train.epochs: 0 is out of range; it must be from 1 to 100"));
  CHECK(contains(refusal(R"({"epochs": 101})"), "out of range"));
  CHECK(contains(refusal(R"({"epochs": 9223372036854775807})"), "out of range"));
  CHECK(contains(refusal(R"({"rate": 1.0001})"), "out of range"));
  CHECK(contains(refusal(R"({"size": [8, 513]})"), "out of range"));
  CHECK(read(R"({"epochs": 100, "rate": 1})").epochs == 100);
}

TEST_CASE("An end that is not part of a range is refused, and what lies beside it is not") {
  CHECK(contains(refusal(R"({"decay": 1})"), "decay: 1 is out of range; it must be at least 0 and below 1"));
  CHECK(contains(refusal(R"({"epsilon": 0})"), "epsilon: 0 is out of range; it must be above 0 and at most 1"));
  CHECK(read(R"({"decay": 0, "epsilon": 1})").epsilon == 1);
  CHECK(read(R"({"decay": 0.999, "epsilon": 1e-9})").decay == 0.999);
}

TEST_CASE("A number that is none of those allowed is refused with them") {
  int64_t depth = 8;
  const Doc doc = Doc("").numbers({8, 16});
  JsonReader(Json{{"depth", 16}}, "data.")("depth", depth, doc);
  CHECK(depth == 16);
  const std::string refusal = message_of([&] { JsonReader(Json{{"depth", 12}}, "data.")("depth", depth, doc); });
  CHECK(refusal == "data.depth: must be 8 or 16, not 12");
  CHECK(depth == 16);
  CHECK(numbers_text(doc.allowed_numbers, "|") == "8|16");
}

TEST_CASE("An unknown word is refused with the nearest one") {
  CHECK(contains(refusal(R"({"mode": "exat"})"), "train.mode: unknown value 'exat'; did you mean 'exact'?"));
}

TEST_CASE("What is written is read back unchanged, in the order of the fields") {
  Options options;
  options.rate = 0.1;
  options.size = {4, 6};
  options.classes = {"x"};
  Json json;
  write_fields(options, json);
  CHECK(json.begin().key() == "epochs");
  const Options back = read(json.dump());
  CHECK(back.rate == 0.1);
  CHECK(back.size == ImageSize{4, 6});
  CHECK(back.classes == options.classes);
}

TEST_CASE("A result is written with its lists, named values and what is not known") {
  TestResult result;
  CHECK(Json(result).dump() == R"({"size":null,"items":[],"counts":{}})");
  result.size = ImageSize{4, 6};
  result.items = {{1.5, std::array<double, 2>{1, 2}}, {2, {}}};
  result.counts = {{"b", 2}, {"a", 1}};
  CHECK(
      Json(result).dump() ==
      R"({"size":[4,6],"items":[{"value":1.5,"range":[1.0,2.0]},{"value":2.0,"range":null}],"counts":{"b":2,"a":1}})");
}

TEST_CASE("Sizes are read from flags") {
  CHECK(image_size_from_text("128", "--imgsz") == ImageSize{128, 128});
  CHECK(image_size_from_text("128x96", "--imgsz") == ImageSize{128, 96});
  for (const char* bad : {"", "x", "12x", "12x3x4", "12 ", "a", "99999999999999999999"})
    CHECK_THROWS_AS(image_size_from_text(bad, "--imgsz"), UsageError);
}

TEST_CASE("Text that is not JSON is refused with file, line and column") {
  const std::string message = message_of([] { json_from_text("{\n  \"a\": 1,\n  b\n}", "recipe.json"); });
  CHECK(contains(message, "recipe.json"));
  CHECK(contains(message, "line 3"));
  CHECK(json_from_text("{/* said */ \"a\": 1}", "x")["a"] == 1);
  CHECK_THROWS_AS(json_from_file("/nonexistent/recipe.json"), Error);
}
