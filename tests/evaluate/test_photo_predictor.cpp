#include "evaluate/opened_model.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/observer.h"
#include "data/opened_photos.h"
#include "evaluate/outputs.h"
#include "model/compile.h"
#include "stopper.h"
#include "train/losses.h"

using namespace cvtool;
using doctest::Approx;

namespace {

Recipe small_recipe(const std::string& last, const std::string& augment, const std::string& more = "") {
  return recipe_from_json(
      Json::parse(R"({"data": {"imgsz": [12, 16]})" + more + R"(, "augment": ")" + augment + R"(", "model": {"layers": [
    {"kind": "conv2d", "filters": 4, "activation": "relu"}, {"kind": "flatten"}, )" +
                  last + R"(]},
    "train": {"loss": "binary_crossentropy"}})"),
      "");
}

Predictor predictor_of(const Recipe& recipe) {
  const Net net = compile_net(recipe.model, {size_after_augment(recipe.augment, recipe.data.imgsz), 2, 3});
  return {net.module, at::kCPU, at::kFloat};
}

at::Tensor photos(int64_t count) {
  at::manual_seed(5);
  return at::randint(256, {count, 3, 12, 16}, at::kByte).contiguous(at::MemoryFormat::ChannelsLast);
}

constexpr const char* kSoftmax = R"({"kind": "dense"})";
constexpr const char* kOneUnit = R"({"kind": "dense", "units": 1, "activation": "sigmoid"})";

}  // namespace

TEST_CASE("Without test-time augmentation a photo is predicted as it is") {
  const Recipe recipe = small_recipe(kSoftmax, "rotation=0.2");
  const Predictor plain = predictor_of(recipe);
  const auto x = photos(3);
  CHECK(at::equal(PhotoPredictor(plain, recipe).run(x).probabilities, plain.run(x).probabilities));
}

TEST_CASE("A stop that is asked for ends an evaluation after the batch") {
  const OpenedPhotos drawn(12, {12, 16});
  const Recipe recipe = small_recipe(kSoftmax, "none");
  const PhotoPredictor predictor(predictor_of(recipe), recipe);
  Stopper never(100), second(2);
  CHECK(outputs_of(predictor, *drawn.store, {"binary_crossentropy", 1}, never).predictions.count() == 12);
  try {
    outputs_of(predictor, *drawn.store, {"binary_crossentropy", 1}, second);
    FAIL("not interrupted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kInterrupted);
  }
}

TEST_CASE("What an evaluation finds is the same for any batch and number of lanes, with test-time augmentation too") {
  const OpenedPhotos drawn(23, {12, 16});
  Stopper never(1000);
  const int before = at::get_num_threads();
  for (const char* last : {kSoftmax, kOneUnit})
    for (const char* tta : {"none", "3"}) {
      CAPTURE(last);
      CAPTURE(tta);
      const Recipe recipe = small_recipe(last, "rotation=0.2,contrast=0.3");
      const PhotoPredictor predictor(predictor_of(recipe), recipe, parse_tta_text(tta));
      const Outputs first = outputs_of(predictor, *drawn.store, {"auto", 64}, never);
      for (const int lanes : {1, 2, 3}) {
        at::set_num_threads(lanes);
        const Outputs out = outputs_of(predictor, *drawn.store, {"auto", lanes}, never);
        CHECK(out.paths == first.paths);
        CHECK(out.predictions.probabilities == first.predictions.probabilities);
        CHECK(out.predictions.distribution == first.predictions.distribution);
        CHECK(out.loss == first.loss);
      }
      at::set_num_threads(before);
    }
}

TEST_CASE("--tta flip is the mean of the probabilities of a photo and its mirror image") {
  for (const char* last : {kSoftmax, kOneUnit}) {
    const Recipe recipe = small_recipe(last, "none");
    const Predictor plain = predictor_of(recipe);
    const auto x = photos(3);
    const Prediction both = PhotoPredictor(plain, recipe, parse_tta_text("flip")).run(x);
    const auto mean = (plain.run(x).probabilities + plain.run(x.flip({3})).probabilities) / 2;
    CHECK(at::allclose(both.probabilities, mean, 0, 1e-6));
    const auto labels = at::tensor({0, 1, 1}, at::kLong);
    if (both.logits.size(1) == 1)  // the loss of the mean's logits is that of the mean
      CHECK(loss_from_logits("binary_crossentropy", both.logits, labels).item<double>() ==
            Approx(-mean.gather(1, labels.view({-1, 1})).log().mean().item<double>()).epsilon(1e-4));
  }
}

TEST_CASE("Variants of a photo depend on its pixels alone") {
  const Recipe recipe = small_recipe(kSoftmax, "rotation=0.2,mixup,contrast=0.3");
  const PhotoPredictor predictor(predictor_of(recipe), recipe, parse_tta_text("5"));
  const auto x = photos(4);
  const auto together = predictor.run(x).probabilities;
  CHECK(at::equal(together, predictor.run(x.flip({0})).probabilities.flip({0})));
  CHECK(at::equal(together.narrow(0, 2, 1), predictor.run(x.narrow(0, 2, 1)).probabilities));
  CHECK_FALSE(at::allclose(together, PhotoPredictor(predictor_of(recipe), recipe).run(x).probabilities, 0, 1e-6));
}

TEST_CASE("The mean's logits give the mean of what the loss sees, also where a unit is certain") {
  const auto z = [](std::vector<float> values, int64_t units) { return at::tensor(values).view({-1, units}); };
  const auto predicted = [](const at::Tensor& logits) { return Prediction{logits, logits.softmax(1), {}}; };
  const auto a = z({1, -2, 0}, 3), b = z({0, 3, 1}, 3);
  const auto soft = mean_prediction({predicted(a), predicted(b)}, false);
  CHECK(at::allclose(soft.logits.softmax(1), (a.softmax(1) + b.softmax(1)) / 2, 1e-5));
  CHECK(at::allclose(soft.probabilities, (a.softmax(1) + b.softmax(1)) / 2, 1e-5));
  CHECK(at::allclose(mean_prediction({predicted(a), predicted(b)}, true).logits.sigmoid(),
                     (a.sigmoid() + b.sigmoid()) / 2, 1e-5));
  const auto sure = mean_prediction({predicted(z({200}, 1)), predicted(z({300}, 1))}, false).logits;
  CHECK(sure.item<double>() == Approx(200 + std::log(2.0)));
}

TEST_CASE("A net behind random_crop is given the centre") {
  const Recipe recipe = small_recipe(kSoftmax, "crop=8x10,flip");
  const Predictor plain = predictor_of(recipe);
  const auto x = photos(2);
  CHECK(at::equal(PhotoPredictor(plain, recipe).run(x).probabilities,
                  plain.run(x.narrow(2, 2, 8).narrow(3, 3, 10)).probabilities));
}

TEST_CASE("Photos that may not be mirrored are not: --tta flip is refused, drawn variants have no flip") {
  const Recipe recipe = small_recipe(kSoftmax, "none", R"(, "orientation_sensitive": true)");
  CHECK_THROWS_AS(PhotoPredictor(predictor_of(recipe), recipe, parse_tta_text("flip")), UsageError);
  const auto x = photos(1);
  const TestTimeVariants free(parse_tta_text("20"), Json::array(), 1),
      bound(parse_tta_text("20"), Json::array(), 1, false);
  int differ = 0;
  for (int64_t i = 1; i < 20; ++i) differ += !at::equal(free.variant(x, {1}, i), bound.variant(x, {1}, i));
  CHECK(differ > 0);
}
