#include "train/probe/probe_phase.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include "base/error.h"
#include "data/opened_photos.h"
#include "scratch.h"
#include "stopper.h"

using namespace cvtool;

namespace {

// A net whose backbone gives each channel's values divided by 255, [3,H,W].
struct NetOnPixels {
  Scratch scratch;
  Recipe recipe;
  Net net;

  NetOnPixels(const PhotoStore& photos, const Json& layers, const Json& augment = Json::array()) {
    torch::jit::Module base("Pixels");
    base.register_parameter("scale", at::full({1}, 1.0 / 255), false);
    base.define("def forward(self, x):\n    return x * self.scale\n");
    base.save(scratch / "pixels.pt");
    recipe.model = {{"base", scratch / "pixels.pt"}, {"preprocess", "none"}, {"layers", layers}};
    recipe.augment = resolve_augment(augment, "augment");
    recipe.data = photos.options().data;
    recipe.data.classes = {"a", "b"};
    recipe.transfer.probe = true;
    recipe.train.loss = "sparse_categorical_crossentropy";
    net = compile_net(recipe.model, {recipe.data.imgsz, 2, 1});
    net.module.eval();
  }
};

PhaseInputs inputs_of(const NetOnPixels& on, const PhotoStore& photos, Observer& observer) {
  return {on.recipe, on.net, 2, photos, nullptr, at::kCPU, at::kFloat, observer};
}

}  // namespace

TEST_CASE("The probe's data are all forms of all photos, as the last layer of the model at work sees them") {
  const OpenedPhotos photos(12);
  Stopper never(1 << 30);
  const Json pooled{{{"kind", "dropout"}, {"rate", 0.9}}, {{"kind", "global_avg_pool2d"}}, {{"kind", "dense"}}};
  const Json flip{{{"kind", "random_flip"}, {"mode", "horizontal"}}};
  const NetOnPixels plain(*photos.store, pooled), flipped(*photos.store, pooled, flip);
  const ProbeData one = probe_data(inputs_of(plain, *photos.store, never));
  const ProbeData two = probe_data(inputs_of(flipped, *photos.store, never));
  CHECK(one.features.sizes() == at::IntArrayRef({12, 1, 3}));
  CHECK(two.features.sizes() == at::IntArrayRef({12, 2, 3}));
  const Batch batch = read_batch(*photos.store, in_order(12));
  const at::Tensor means = batch.pixels.to(at::kFloat).mean(at::IntArrayRef({2, 3})) / 255;
  CHECK(at::allclose(one.features.select(1, 0), means, 1e-4, 1e-5));
  // A mirrored photo has the same means.
  for (const int64_t form : {0, 1}) CHECK(at::allclose(two.features.select(1, form), means, 1e-4, 1e-5));
  for (size_t i = 0; i < 12; ++i) {
    CHECK(one.ids[i] == photos.store->samples()[i].id);
    CHECK(one.labels[static_cast<int64_t>(i)].item<int64_t>() == photos.store->samples()[i].label);
  }
}

TEST_CASE("A head that is solved gives the model the probe's own probabilities") {
  const OpenedPhotos photos(12);
  Stopper never(1 << 30);
  NetOnPixels on(*photos.store, {{{"kind", "flatten"}}, {{"kind", "dense"}}});
  on.recipe.transfer.probe_l2 = 0.01;
  const PhaseInputs inputs = inputs_of(on, *photos.store, never);
  const ProbeData data = probe_data(inputs);
  ProbeOptions options;
  options.l2 = 0.01;
  const Probe probe = fit_probe(data, options);
  TrainingPhase phase = training_phases(inputs).front().begin();
  REQUIRE(phase.solve);
  const RunningSums sums = phase.solve();
  CHECK(sums.samples == 12);
  const at::Tensor z = at::addmm(probe.bias, data.features.select(1, 0).to(at::kDouble), probe.weight.t());
  const at::Tensor own =
      on.net.module.get_method("logits")({read_batch(*photos.store, in_order(12)).pixels}).toTensor();
  CHECK(at::allclose(own.to(at::kDouble), z, 1e-3, 1e-4));
  CHECK(sums.mean_loss() == doctest::Approx(at::cross_entropy_loss(z, data.labels).item<double>()).epsilon(1e-4));
}

TEST_CASE("A head with more than one layer to train, or without a bias, is none that a probe can stand for") {
  const OpenedPhotos photos(4);
  const Json pool{{"kind", "global_avg_pool2d"}}, dense{{"kind", "dense"}};
  const auto trouble = [&](const Json& layers) {
    const NetOnPixels on(*photos.store, layers);
    return message_of([&] { check_probe(on.recipe, on.net); });
  };
  CHECK(trouble({pool, dense}).empty());
  CHECK(trouble({pool, {{"kind", "activation"}, {"function", "relu"}}, dense}).empty());
  CHECK(trouble({pool, {{"kind", "dense"}, {"units", 1}, {"activation", "sigmoid"}}}).find("train.loss") ==
        std::string::npos);
  CHECK(contains(trouble({pool, {{"kind", "dense"}, {"bias", false}}}), "with a bias"));
  CHECK(contains(trouble({pool, {{"kind", "batch_norm"}}, dense}), "one dense layer"));
  CHECK(contains(trouble({pool, {{"kind", "dense"}, {"units", 4}}, dense}), "one dense layer"));
}
