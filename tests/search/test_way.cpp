#include "search/way.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "search/training_trial.h"

using namespace cvtool;

namespace {

TrainRequest plain() {
  TrainRequest request;
  request.data = "photos";
  request.overrides = {
      {"data", Json::object()}, {"train", Json::object()}, {"transfer", Json::object()}, {"model", Json::object()}};
  return request;
}

TrainRequest with(const char* section, const char* key, const Json& value) {
  TrainRequest request = plain();
  request.overrides[section][key] = value;
  return request;
}

}  // namespace

TEST_CASE("a plain request leaves the way open, and so do seed, size, backbone and class weights") {
  CHECK(is_open(plain()));
  CHECK(is_open(with("train", "seed", 7)));
  CHECK(is_open(with("train", "class_weights", "auto")));
  CHECK(is_open(with("data", "imgsz", 64)));
  CHECK(is_open(with("model", "base", "mobilenet_v2")));
}

TEST_CASE("whoever says how it is trained gets that") {
  CHECK_FALSE(is_open(with("train", "epochs", 3)));
  CHECK_FALSE(is_open(with("train", "lr", 0.1)));
  CHECK_FALSE(is_open(with("transfer", "fine_tune", "all")));
  CHECK_FALSE(is_open(with("model", "layers", Json::array())));
  TrainRequest augmented = plain();
  augmented.overrides["augment"] = Json::array();
  CHECK_FALSE(is_open(augmented));
  TrainRequest recipe = plain();
  recipe.recipe = "small-resnet";
  CHECK_FALSE(is_open(recipe));
  TrainRequest from = plain();
  from.from = "runs/train";
  CHECK_FALSE(is_open(from));
  TrainRequest resumed = plain();
  resumed.resumes = true;
  CHECK_FALSE(is_open(resumed));
}

TEST_CASE("a way is said in the recipe's own keys, and what the user said stays") {
  Way way;
  way.backbone = "mobilenet_v2";
  way.imgsz = 224;
  way.mirrored = true;
  way.probe_l2 = 0.25;
  TrainRequest asked = with("train", "seed", 7);
  asked.overrides["data"]["interpolation"] = "area";
  asked.overrides["model"]["base"] = "mobilenet_v2";
  const Json said = with_way(asked, way).overrides;
  CHECK(said["transfer"]["probe"] == true);
  CHECK(said["transfer"]["probe_l2"] == 0.25);
  CHECK(said["train"]["epochs"] == 1);
  CHECK(said["train"]["monitor"] == "none");
  CHECK(said["train"]["seed"] == 7);
  CHECK(said["data"]["imgsz"] == 224);
  CHECK(said["data"]["interpolation"] == "area");
  CHECK(said["model"]["base"] == "mobilenet_v2");
  CHECK(said["augment"].size() == 1);
  CHECK(said["augment"][0]["kind"] == "random_flip");
}

TEST_CASE("fine-tuning follows the probe, in as many epochs as the way says") {
  Way way;
  way.backbone = "mobilenet_v2";
  way.fine_tune = "all";
  way.epochs = 5;
  const Json said = with_way(plain(), way).overrides;
  CHECK(said["train"]["epochs"] == 6);
  CHECK(said["train"]["schedule"] == "cosine");
  CHECK(said["transfer"]["fine_tune"] == "all");
  CHECK_FALSE(said["data"].contains("imgsz"));
}

TEST_CASE("more photos are worth fewer epochs, from scratch more than behind a backbone") {
  Way scratch, tuned;
  tuned.backbone = "mobilenet_v2";
  int64_t before = epochs_worth(scratch, 100);
  for (const int64_t photos : {1000, 10'000, 100'000, 10'000'000}) {
    CHECK(epochs_worth(scratch, photos) <= before);
    CHECK(epochs_worth(scratch, photos) > epochs_worth(tuned, photos));
    before = epochs_worth(scratch, photos);
  }
  CHECK(epochs_worth(scratch, 1) >= 1);
}
