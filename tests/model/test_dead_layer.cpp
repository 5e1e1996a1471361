#include "model/dead_layer.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "model/compile.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::optional<DeadLayer> dead_layer_of(const std::string& layers) {
  Net net = compile_net(Json::parse(R"({"preprocess": "unit", "layers": [)" + layers + "]}"),
                        {ImageSize{8, 8}, 2, /*seed=*/1});
  net.module.eval();
  at::manual_seed(1);
  return find_dead_layer(net.module, at::randint(256, {9, 3, 8, 8}, at::kByte));
}

}  // namespace

TEST_CASE("A layer whose units are all silent is found, and the ones behind it are not blamed") {
  const auto dead = dead_layer_of(R"(
    {"kind": "conv2d", "filters": 4, "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense", "units": 6},
    {"kind": "rescale", "offset": -100}, {"kind": "activation", "function": "relu", "name": "gate"}, {"kind": "dense"})");
  REQUIRE(dead);
  CHECK(dead->name == "gate");
  CHECK(dead->units == 6);
  CHECK(dead->silent);
  CHECK(contains(dead_layer_text(*dead), "no unit of the layer gate (6 units) answers to any photo"));
}

TEST_CASE("A layer that is saturated for every photo is found too") {
  const auto dead = dead_layer_of(R"(
    {"kind": "flatten"}, {"kind": "dense", "units": 6}, {"kind": "rescale", "offset": 100},
    {"kind": "activation", "function": "sigmoid"}, {"kind": "dense"})");
  REQUIRE(dead);
  CHECK(dead->name == "activation");
  CHECK_FALSE(dead->silent);
  CHECK(contains(dead_layer_text(*dead), "the layer activation gives every photo the same output"));
}

TEST_CASE("A net with some living units is not dead") {
  CHECK_FALSE(dead_layer_of(R"({"kind": "conv2d", "activation": "relu", "filters": 4}, {"kind": "flatten"},
                               {"kind": "dense", "units": 6, "activation": "relu"}, {"kind": "dense"})"));
}

TEST_CASE("Rows are equal where only rounding tells them apart") {
  CHECK(are_rows_equal(at::tensor({1.F, 2.F, 1.F, 2.F}).reshape({2, 2})));
  CHECK(are_rows_equal(at::tensor({1.F, 2000.F, 1.F, 2000.0002F}).reshape({2, 2})));
  CHECK_FALSE(are_rows_equal(at::tensor({1.F, 2.F, 1.F, 2.001F}).reshape({2, 2})));
}
