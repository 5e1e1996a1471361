#include "model/tensor_names.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/text.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("A tensor's name in the file comes of the first line that fits, with parts and numbers carried over") {
  const TensorNames names(
      json_from_text(R"({
    "stem": "features.0.0",
    "block.main.project": "features.1.conv.1",
    "block_{n}.main.project": "features.{$n + 1}.conv.2",
    "inception_{block}.conv.{layer}": "inception{$block}.branch1.{$layer}",
    "stage{s}.{i}.{layer}": "blocks.{$place[$s - 1][$i]}.{$parts[$layer]}"})",
                     "test"),
      json_from_text(R"({"place": [["0.0"], ["1.0", "1.1"]], "parts": {"expand": "conv_pw"}})", "test"), "test: ");
  const auto name = [&](const char* tensor) { return join(names.in_file(tensor), " + "); };
  CHECK(name("stem.weight") == "features.0.0.weight");
  CHECK(name("block.main.project.bias") == "features.1.conv.1.bias");
  CHECK(name("block_9.main.project.bias") == "features.10.conv.2.bias");
  CHECK(name("inception_3a.conv.bn.running_mean") == "inception3a.branch1.bn.running_mean");
  CHECK(name("stage2.1.expand.weight") == "blocks.1.1.conv_pw.weight");
  CHECK(contains(message_of([&] { names.in_file("stage2.2.expand.weight"); }), "has no [2]"));
  CHECK(contains(message_of([&] { names.in_file("stage2.1.project.weight"); }), "has no [\"project\"]"));
  CHECK_THROWS_AS(names.in_file("stem_bn.weight"), UsageError);
  CHECK_THROWS_AS(names.in_file("inception_3a.b.conv.bn.weight"), UsageError);
  CHECK(contains(message_of([&] { names.in_file("top.weight"); }), "test: no line fits the layer 'top'"));
}

TEST_CASE("A repeated layer's number, a tensor by itself, and tensors that are one in the net") {
  const TensorNames names(json_from_text(R"({
    "tokens.positions": "pos_embed",
    "stage{_s}.block{_i}.scale.weight": "stages.{2 * $s + 1}.{$i}.gamma",
    "block{_n}.qkv.{part}": "layers.{$n}.in_proj_{$part}",
    "block{_n}.dense": ["layers.{$n}.query", "layers.{$n}.key"]})",
                                         "test"),
                          Json::object(), "test: ");
  const auto name = [&](const char* tensor) { return join(names.in_file(tensor), " + "); };
  CHECK(name("tokens.positions") == "pos_embed");
  CHECK(name("stage.block.scale.weight") == "stages.1.0.gamma");
  CHECK(name("stage_3.block_12.scale.weight") == "stages.7.12.gamma");
  CHECK(name("block.qkv.weight") == "layers.0.in_proj_weight");
  CHECK(name("block_11.qkv.bias") == "layers.11.in_proj_bias");
  CHECK(name("block_2.dense.bias") == "layers.2.query.bias + layers.2.key.bias");
  for (const char* none : {"tokens.class_token", "block_.qkv.weight", "block_x.qkv.weight", "stage_1.block.scale.bias"})
    CHECK_THROWS_AS(names.in_file(none), UsageError);
}

TEST_CASE("A faulty table or pattern is refused with its place") {
  CHECK(contains(message_of([] { TensorNames(Json(3), Json::object(), "here: "); }), "here: must be an object"));
  CHECK(contains(message_of([] {
                   TensorNames(Json{{"a", 1}}, Json::object(), "here: ");
                 }),
                 "here: a: must be a text or a list of texts, not 1"));
  CHECK(contains(message_of([] { TensorNames(Json::object(), Json(3), "here: "); }), "here: lists: must be an object"));
  CHECK(contains(message_of([] { fill_pattern("x{$none}", Json::object(), "here: "); }), "here: "));
  CHECK(fill_pattern("w_{$alpha}_224.h5", Json{{"alpha", 1.0}}, "") == "w_1.0_224.h5");
}
