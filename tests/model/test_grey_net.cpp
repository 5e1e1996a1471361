// Nets that see photos in one channel.
#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "model/bases/backbone.h"
#include "model/model_file.h"
#include "model/model_info.h"
#include "model/predictor.h"
#include "model/random_bases.h"
#include "scratch.h"
#include "torch/memory_order.h"

using namespace cvtool;

namespace {

Recipe grey_recipe(const std::string& preprocess = "unit") {
  return recipe_from_json(json_from_text(R"({"data": {"imgsz": 8, "channels": 1}, "model": {"preprocess": ")" +
                                             preprocess + R"(", "layers": [
      {"kind": "conv2d", "filters": 4, "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense"}]}})",
                                         "test"),
                          "test ");
}

at::Tensor grey_pictures(int64_t count, int64_t side) {
  at::manual_seed(5);
  return channels_last(at::randint(256, {count, 1, side, side}, at::kByte));
}

ModelFile grey_model() {
  const Recipe recipe = grey_recipe();
  ModelFile model;
  model.module = compile_net(recipe.model, net_target(recipe, 2)).module;
  model.module.eval();
  model.info = {
      {"format", kModelFormat}, {"classes", {"cat", "dog"}}, {"imgsz", 8}, {"recipe", recipe_to_json(recipe)}};
  add_golden_sample(model, grey_pictures(1, 8));
  return model;
}

at::Tensor logits_of(torch::jit::Module module, const at::Tensor& pixels) {
  const at::NoGradGuard no_grad;
  module.eval();
  return module.get_method("logits")({pixels}).toTensor();
}

}  // namespace

TEST_CASE("A net from scratch has one input channel, and its table says what that costs") {
  const Recipe recipe = grey_recipe();
  const Net net = compile_net(recipe.model, net_target(recipe, 2));
  CHECK(net.rows.at(0).trainable == 4 * 9 + 4);
  CHECK(net.module.attr("head").toModule().attr("conv2d").toModule().attr("weight").toTensor().size(1) == 1);
  CHECK(logits_of(net.module, grey_pictures(3, 8)).sizes() == at::IntArrayRef({3, 2}));
}

TEST_CASE("Without a base the words of three colours scale grey by the mean of their means and deviations") {
  const at::Tensor grey = channels_last(at::arange(64).reshape({1, 1, 8, 8}).to(at::kByte));
  const auto scaled = [&](const std::string& word) {
    const Recipe recipe = grey_recipe(word);
    torch::jit::Module net = compile_net(recipe.model, net_target(recipe, 2)).module;
    return net.attr("preprocess").toModule().forward({grey}).toTensor();
  };
  const at::Tensor x = grey.to(at::kDouble);
  const auto close_to = [](const at::Tensor& a, const at::Tensor& b) {
    return at::allclose(a.to(at::kDouble), b, 1e-5, 1e-5);
  };
  CHECK(close_to(scaled("imagenet"), (x / 255 - 0.449) / 0.226));
  CHECK(close_to(scaled("caffe"), x - (103.939 + 116.779 + 123.68) / 3));
  CHECK(close_to(scaled("unit"), x / 255));
}

TEST_CASE("A base sees a grey photo as three equal channels, each scaled as its own colour, bit for bit") {
  const BasesFolder bases;
  for (const char* preprocess : {"imagenet", "caffe", "unit"}) {
    CAPTURE(preprocess);
    Json net = json_from_text(R"({"layers": [{"kind": "conv2d", "filters": 4, "activation": "relu"}]})", "test");
    Base base;
    base.module = compile_backbone(net, {{8, 8}, 2, 42}).module;
    base.preprocess = preprocess;
    base.info = {{"name", "small"}, {"file", "small.pt"}, {"parameters", 1}};
    const Json spec =
        json_from_text(R"({"base": "small", "layers": [{"kind": "global_avg_pool2d"}, {"kind": "dense"}]})", "test");
    NetTarget target{{8, 8}, 2, 42};
    Base other = base;
    const Net colour = compile_net(spec, target, &base);
    target.channels = 1;
    const Net grey = compile_net(spec, target, &other);
    const at::Tensor photos = grey_pictures(4, 8);
    const at::Tensor three = photos.expand({-1, 3, -1, -1}).contiguous(at::MemoryFormat::ChannelsLast);
    CHECK(logits_of(grey.module, photos).equal(logits_of(colour.module, three)));
  }
}

TEST_CASE("A model of one channel is saved with its golden picture and read again, as TorchScript and as weights") {
  const Scratch scratch;
  for (const ModelForm form : {ModelForm::kTorchScript, ModelForm::kWeights}) {
    ModelFile model = grey_model();
    model.form = form;
    save_model(scratch / "grey", model);
    const ModelFile read = load_model(scratch / "grey");
    CHECK(read.golden.equal(model.golden));
    CHECK(golden_difference(read) == 0);
    CHECK(pixel_format(read.info).channels == 1);
    CHECK(net_of(read, {8, 8}).units == 2);
    const at::Tensor photos = grey_pictures(5, 8);
    CHECK(logits_of(read.module, photos).equal(logits_of(model.module, photos)));
    const Predictor predictor(read.module, at::kCPU, at::kFloat);
    CHECK(predictor.run(photos).probabilities.sizes() == at::IntArrayRef({5, 2}));
  }
}

TEST_CASE("A model whose recipe says other channels than its golden picture has is refused") {
  const Scratch scratch;
  ModelFile model = grey_model();
  model.info["recipe"]["data"]["channels"] = 3;
  save_model(scratch / "wrong", model);
  CHECK_THROWS_WITH_AS(load_model(scratch / "wrong"), doctest::Contains("golden sample"), Error);
  model.info["recipe"]["data"]["channels"] = 2;
  save_model(scratch / "wrong", model);
  CHECK_THROWS_WITH_AS(load_model(scratch / "wrong"), doctest::Contains("must be 1 or 3, not 2"), Error);
  model.info["recipe"]["data"].erase("channels");
  CHECK(pixel_format(model.info).channels == 3);
}

TEST_CASE("One channel is channels last by its strides") {
  const at::Tensor plain = at::rand({2, 1, 3, 5});
  const at::Tensor last = channels_last(plain);
  CHECK(last.strides() == at::IntArrayRef({15, 1, 5, 1}));
  CHECK(last.equal(plain));
  CHECK(last.data_ptr() == plain.data_ptr());
  const at::Tensor turned = at::rand({2, 1, 5, 3}).transpose(2, 3);
  CHECK(channels_last(turned).equal(turned));
  const at::Tensor three = at::rand({2, 3, 3, 5});
  CHECK(channels_last(three).strides() == three.contiguous(at::MemoryFormat::ChannelsLast).strides());
}
