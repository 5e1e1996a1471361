#include "export/header.h"

#include <doctest/doctest.h>

#include "export/cpp_text.h"
#include "export/onnx/export.h"
#include "export/small_model.h"
#include "onnx/onnx_seal.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("ONNX names the licence of the base's weights") {
  ModelFile model = small_model();
  CHECK(onnx_metadata(onnx_of_model(model.module, &model, {16, 16}), "base_licence").empty());
  model.info["base"] = {{"name", "mine"}, {"licence", "free for all"}};
  CHECK(onnx_metadata(onnx_of_model(model.module, &model, {16, 16}), "base_licence") == "free for all");
  OnnxModel base = onnx_of_model(model.module, nullptr, {16, 16});
  add_base_licence(base, model.info["base"]);
  CHECK(onnx_metadata(base, "base_licence") == "free for all");
}

TEST_CASE("The C++ header quotes labels and makes a namespace of any file name") {
  const HeaderFiles files = header_files(small_model(), {"9 cats-and-dogs", false});
  CHECK(contains(files.header, "namespace model_9_cats_and_dogs {"));
  CHECK(contains(files.header, R"(kLabels{"cat", "dog", "o\"ther"})"));
  CHECK(contains(files.header, "kHeight = 16, kWidth = 16, kClasses = 3"));
  CHECK(contains(files.source, "resize the picture to kHeight x kWidth first"));
  CHECK_FALSE(contains(header_files(small_model(), {"m", true}).source, "resize the picture"));
}

TEST_CASE("A file of any name gives a namespace that C++ takes") {
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{{"classifier", "classifier"},
                                                                          {"Cats2", "Cats2"},
                                                                          {"default", "model_default"},
                                                                          {"co_await", "model_co_await"},
                                                                          {"and", "model_and"},
                                                                          {"char8_t", "model_char8_t"},
                                                                          {"9 lives", "model_9_lives"},
                                                                          {"std", "model_std"},
                                                                          {"main", "model_main"},
                                                                          {"time", "model_time"},
                                                                          {"", "model"},
                                                                          {"_", "model"},
                                                                          {"__x__y__", "x_y"},
                                                                          {"_Ab", "Ab"},
                                                                          {"caf\xc3\xa9-2", "caf_2"},
                                                                          {"\xe7\x8c\xab", "model"},
                                                                          {"a.b", "a_b"},
                                                                          {"a\nb", "a_b"}}) {
    CAPTURE(row.first);
    CHECK(cpp_identifier(row.first) == row.second);
  }
  CHECK(contains(header_files(small_model(), {"requires", false}).header, "namespace model_requires {"));
}

TEST_CASE("Labels and the file's name become C++ literals, and the net gets its pixels with the channels last") {
  CHECK(cpp_literal("caf\xc3\xa9") == "\"caf\xc3\xa9\"");
  CHECK(cpp_literal("a\"b\\c\n1\x7f") == R"("a\"b\\c\0121\177")");
  const HeaderFiles files = header_files(small_model(), {"@HEIGHT@", false});
  CHECK(contains(files.header, "Classifier(const std::string& path = \"@HEIGHT@.pt\")"));
  CHECK(contains(files.header, "kLabels{\"cat\", \"dog\", \"o\\\"ther\"}"));
  CHECK(contains(files.source, ".permute({0, 3, 1, 2});"));
  CHECK_FALSE(contains(files.source, ".permute({0, 3, 1, 2}).contiguous()"));
}
