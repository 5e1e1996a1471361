// The short form of layers on the command line.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "scratch.h"
#include "spec/head_text.h"

namespace cvtool {

TEST_CASE("a head in its short form is the layers of a recipe") {
  CHECK(
      layers_from_text("flatten,dense:6:relu,dense:1:sigmoid", "--head") ==
      Json::parse(
          R"([{"kind": "flatten"}, {"kind": "dense", "units": 6, "activation": "relu"}, {"kind": "dense", "units": 1, "activation": "sigmoid"}])"));
  CHECK(
      layers_from_text("global_max,dropout:0.3,dense:64:relu,dense", "--head") ==
      Json::parse(
          R"([{"kind": "global_max_pool2d"}, {"kind": "dropout", "rate": 0.3}, {"kind": "dense", "units": 64, "activation": "relu"}, {"kind": "dense"}])"));
  CHECK(layers_from_text("global_avg_pool2d,dense", "--head")[0]["kind"] == "global_avg_pool2d");
}

TEST_CASE("a head that gives no class scores gets a dense layer with a unit per class") {
  CHECK(layers_from_text("flatten,dense:6:relu", "--head").back() == Json{{"kind", "dense"}});
  CHECK(layers_from_text("flatten", "--head").size() == 2);
  CHECK(layers_from_text("flatten,dense:2:softmax", "--head").size() == 2);
  CHECK(layers_from_text("flatten,dense:2", "--head").size() == 2);
}

TEST_CASE("a head that is mistyped names the word") {
  CHECK(contains(message_of([] { layers_from_text("global_maxx,dense", "--head"); }), "did you mean 'global_max'"));
  CHECK(contains(message_of([] { layers_from_text("flatten:2", "--head"); }), "takes 0 values"));
  CHECK(contains(message_of([] { layers_from_text("dense::relu", "--head"); }), "no value after the colon"));
  CHECK(contains(message_of([] { layers_from_text("", "--head"); }), "empty layer"));
}

}  // namespace cvtool
