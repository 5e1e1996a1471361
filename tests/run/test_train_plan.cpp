#include "run/train_plan.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scratch.h"

using namespace cvtool;

namespace {

// Files that only look like photos: whoever decodes one fails.
struct Photos {
  Scratch scratch;

  Photos() {
    for (const char* name : {"cats/1.jpg", "cats/2.jpg", "dogs/1.jpg", "dogs/2.jpg", "dogs/3.jpg"})
      for (const char* split : {"train/", "valid/"}) scratch.write(std::string("photos/") + split + name, "no photo");
  }

  TrainRequest request(const Json& overrides = Json::object()) const {
    TrainRequest request;
    request.data = scratch / "photos";
    request.project = scratch / "runs";
    request.overrides = overrides;
    request.run.device = "cpu";
    return request;
  }

  std::string trouble(const Json& overrides) const {
    return message_of([&] { plan_training(request(overrides)); });
  }
};

}  // namespace

TEST_CASE("a plan leaves nothing open, and no photo is decoded for it") {
  const Photos photos;
  const TrainPlan plan = plan_training(photos.request({{"data", {{"imgsz", 32}}}, {"train", {{"epochs", 3}}}}));
  CHECK(plan.recipe.name == kDefaultRecipe);
  CHECK(plan.recipe.train.epochs == 3);
  CHECK(plan.recipe.train.loss == "sparse_categorical_crossentropy");
  CHECK(plan.recipe.train.stopping.monitor == "val_accuracy");
  CHECK(plan.recipe.train.lr > 0);
  CHECK((plan.recipe.train.precision == "fp32" || plan.recipe.train.precision == "bf16"));
  CHECK(plan.recipe.data.classes == std::vector<std::string>{"cats", "dogs"});
  CHECK(plan.dataset.train.size() == 5);
  CHECK(plan.net.units == 2);
  CHECK(plan.summary.at("total") == 307'306);
  CHECK_FALSE(std::filesystem::exists(photos.scratch / "runs"));
}

TEST_CASE("whatever is wrong with a training is found before a photo is decoded") {
  const Photos photos;
  CHECK(contains(photos.trouble({{"train", {{"class_weights", "cats=2,birds=1"}}}}), "unknown class 'birds'"));
  CHECK(contains(photos.trouble({{"train", {{"monitor", "val_f1"}}}}), "val_f1"));
  CHECK(contains(photos.trouble({{"transfer", {{"fine_tune", "all"}}}}), "the net has no backbone"));
  CHECK(contains(photos.trouble({{"data", {{"classes", {"cats", "fish"}}}}}), "fish"));
  CHECK(contains(photos.trouble({{"train", {{"loss", "binary_crossentropi"}}}}), "binary_crossentropy"));
  photos.scratch.write("runs/mine/log.txt", "");
  TrainRequest named = photos.request();
  named.name = "mine";
  CHECK(contains(message_of([&] { plan_training(named); }), "is there already"));
}

TEST_CASE("without validation photos a plan watches the training loss") {
  const Photos photos;
  std::filesystem::remove_all(photos.scratch / "photos/valid");
  const TrainPlan plan = plan_training(photos.request({{"data", {{"imgsz", 32}, {"valid", 0}}}}));
  CHECK(plan.dataset.valid.empty());
  CHECK(plan.recipe.train.stopping.monitor == "loss");
}
