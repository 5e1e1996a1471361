#include "evaluate/photo_looks.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/opened_photos.h"
#include "evaluate/known_photos.h"
#include "scratch.h"
#include "stopper.h"
#include "train/feature_store.h"

using namespace cvtool;

namespace {

// A net on a frozen backbone that gives each channel's values divided by 255, [3,H,W].
struct NetOnFrozenPixels {
  Scratch scratch;
  Recipe recipe;
  Net net;

  NetOnFrozenPixels(const PhotoStore& photos, const Json& layers) {
    torch::jit::Module base("FrozenPixels");
    base.register_parameter("scale", at::full({1}, 1.0 / 255), false);
    base.define("def forward(self, x):\n    return x * self.scale\n");
    base.save(scratch / "pixels.pt");
    recipe.model = {{"base", scratch / "pixels.pt"}, {"preprocess", "none"}, {"layers", layers}};
    recipe.augment = resolve_augment("flip=horizontal", "augment");
    recipe.data = photos.options().data;
    recipe.data.classes = {"a", "b"};
    recipe.train.loss = "sparse_categorical_crossentropy";
    net = compile_net(recipe.model, {recipe.data.imgsz, 2, 1});
    net.module.eval();
  }
};

}  // namespace

TEST_CASE("Features that a training has kept are those that the model gives, and the same where they were not kept") {
  const OpenedPhotos photos(12);
  Stopper never(1 << 30);
  const Json linear{{{"kind", "global_avg_pool2d"}}, {{"kind", "dropout"}, {"rate", 0.5}}, {{"kind", "dense"}}};
  Json deep = linear;
  deep.insert(deep.begin() + 1, Json{{"kind", "dense"}, {"units", 5}, {"activation", "relu"}});
  for (const Json& layers : {linear, deep}) {
    CAPTURE(layers.dump());
    const NetOnFrozenPixels on(*photos.store, layers);
    PhaseInputs inputs{on.recipe, on.net, 2, *photos.store, nullptr, at::kCPU, at::kFloat, never};
    KeptFeatures kept;
    inputs.kept = &kept;
    training_phases(inputs).front().begin();
    REQUIRE(kept.train);
    CHECK(kept.head_layers == 1);  // the pooling
    CHECK(kept.train->computed() == 2 * 12);
    const std::vector<size_t> rows{1, 4, 11};
    const PhotoLooks from_kept = look_at_kept(on.net.module, kept, rows);
    const PhotoPredictor predictor({on.net.module, at::kCPU, at::kFloat}, on.recipe);
    const PhotoLooks anew = look_at(predictor, *photos.store, rows, 1, never);
    CHECK(from_kept.labels == anew.labels);
    CHECK(at::allclose(from_kept.features, anew.features, 1e-4, 1e-5));
    const KeptFeatures later = kept_features(inputs);
    CHECK(later.train->computed() == 0);
    CHECK(look_at_kept(on.net.module, later, rows).features.equal(from_kept.features));
  }
}

TEST_CASE("Nothing is kept of a backbone that is trained, or where the user wants no cache") {
  const OpenedPhotos photos(4);
  Stopper never(1 << 30);
  NetOnFrozenPixels on(*photos.store, {{{"kind", "flatten"}}, {{"kind", "dense"}}});
  PhaseInputs inputs{on.recipe, on.net, 2, *photos.store, nullptr, at::kCPU, at::kFloat, never};
  KeptFeatures kept;
  inputs.kept = &kept;
  on.recipe.transfer.feature_cache = "none";
  training_phases(inputs).front().begin();
  CHECK_FALSE(kept.train);
  CHECK_FALSE(kept_features(inputs).train);
  on.recipe.transfer.feature_cache = "auto";
  on.recipe.transfer.fine_tune = "all";
  CHECK_FALSE(kept_features(inputs).train);
}

TEST_CASE("Of every class as many photos are looked at again, at most a thousand together or ten each") {
  const auto rows_of = [](const std::vector<int64_t>& counts) {
    std::vector<Sample> samples;
    for (size_t k = 0; k < counts.size(); ++k)
      for (int64_t i = 0; i < counts[k]; ++i)
        samples.push_back({std::to_string(k) + "/" + std::to_string(i), static_cast<int64_t>(k), 7 * samples.size()});
    const PhotoStore store("", samples, {});
    const std::vector<size_t> rows = rows_to_fit(store);
    CHECK(std::is_sorted(rows.begin(), rows.end()));
    std::vector<int64_t> found(counts.size());
    for (const size_t row : rows) ++found[static_cast<size_t>(samples[row].label)];
    return found;
  };
  CHECK(rows_of({12, 3}) == std::vector<int64_t>{12, 3});
  CHECK(rows_of({2400, 30}) == std::vector<int64_t>{500, 30});
  CHECK(rows_of(std::vector<int64_t>(200, 11)) == std::vector<int64_t>(200, 10));
}
