#include "explain/flat_net.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/jit/passes/freeze_module.h>

#include "base/error.h"
#include "explain/activations.h"
#include "explain/nets.h"
#include "golden/golden.h"
#include "model/stages.h"
#include "scratch.h"

using namespace cvtool;

namespace {

constexpr const char* kLayers = R"(
    {"kind": "conv2d", "filters": 4, "padding": "same", "activation": "relu"}, {"kind": "max_pool2d"},
    {"kind": "residual", "activation": "relu", "layers": [
      {"kind": "conv2d", "filters": 4, "padding": "same"}, {"kind": "batch_norm", "activation": "relu"}, {"kind": "conv2d", "filters": 4, "padding": "same"}]},
    {"kind": "max_pool2d"}, {"kind": "flatten"}, {"kind": "dense", "units": 5, "activation": "relu"}, {"kind": "dropout"}, {"kind": "dense"})";

std::vector<std::string> names_of(const FlatNet& net) {
  std::vector<std::string> names;
  for (const FlatLayer& layer : net.layers()) names.push_back(layer.name);
  return names;
}

at::Tensor logits_of(torch::jit::Module module, const at::Tensor& pixels) {
  const at::NoGradGuard no_grad;
  return module.get_method("logits")({pixels}).toTensor();
}

at::Tensor value_of(const FlatNet& net, const std::string& layer, const at::Tensor& pixels) {
  const at::NoGradGuard no_grad;
  return activations_of(net, pixels, {net.find(layer)}).values[0];
}

// A classifier around a backbone that was traced or frozen: its code has operations alone. `relu` works in place.
torch::jit::Module with_plain_base() {
  torch::jit::Module backbone("Base");
  backbone.register_parameter("a", at::randn({4, 3, 3, 3}), false);
  backbone.register_parameter("b", at::randn({6, 4, 3, 3}), false);
  backbone.define(R"(
def forward(self, x):
    x = torch.conv2d(x, self.a, None, [2, 2], [1, 1])
    x = torch.relu_(x)
    x = torch.conv2d(x, self.b, None, [2, 2], [1, 1])
    return torch.relu_(x)
)");
  torch::jit::Module head("Head");
  head.register_parameter("w", at::randn({2, 6}), false);
  head.define("def forward(self, x):\n    return torch.linear(torch.mean(x, [2, 3]), self.w)\n");
  torch::jit::Module model("Model");
  model.register_buffer("scale", at::full({1}, 1 / 255.0));
  model.register_module("base", torch::jit::freeze_module(backbone.deepcopy(), {}));
  model.register_module("head", head);
  model.define(
      "def logits(self, x):\n    return self.head.forward(self.base.forward(x.to(self.scale) * self.scale))\n");
  model.eval();
  return model;
}

}  // namespace

TEST_CASE("Layers have the names of the summary, in the order of computation") {
  const Net net = net_of_layers(kLayers);
  const auto names = names_of(FlatNet(net.module));
  std::vector<std::string> rows;
  for (const SummaryRow& row : net.rows) rows.push_back(row.name);
  // Dropout gives its input in evaluation mode, and yet it is a value of its own; the preprocessing comes first.
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK(std::find(names.begin(), names.end(), row) != names.end());
  }
  CHECK(FlatNet(net.module).find("residual") == FlatNet(net.module).find("residual/add"));
}

TEST_CASE("A layer's values are those that the module itself computes") {
  const Net net = net_of_layers(kLayers);
  const torch::jit::Module back = reloaded(net.module);
  const at::Tensor pixels = some_pictures(2);
  for (const torch::jit::Module& module : {net.module, back}) {
    const FlatNet flat(module);
    torch::jit::Module head = module.attr("head").toModule(), first = head.attr("conv2d").toModule();
    const at::NoGradGuard no_grad;
    const at::Tensor expected = first.forward({pixels.to(at::kFloat)}).toTensor();
    CHECK(largest_difference(value_of(flat, "conv2d", pixels), expected) == 0);
    const auto seen = activations_of(flat, pixels, {flat.find("conv2d"), flat.find("dense")});
    CHECK(largest_difference(seen.logits, logits_of(module, pixels)) < 1e-5);
    CHECK(seen.values[1].sizes() == at::IntArrayRef({2, 5}));
  }
}

TEST_CASE("Looking does not change the module") {
  const Net net = net_of_layers(kLayers);
  const at::Tensor pixels = some_pictures(2), before = logits_of(net.module, pixels);
  const FlatNet flat(net.module);
  activations_of(flat, pixels, {0, 1, 2}, true);
  CHECK(largest_difference(before, logits_of(net.module, pixels)) == 0);
  for (const at::Tensor& parameter : net.module.parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("Operations of a backbone without submodules are layers, before and after ReLU in place") {
  const torch::jit::Module model = reloaded(with_plain_base());
  const FlatNet net(model);
  const at::Tensor pixels = some_pictures(1);
  CHECK(value_of(net, "base/conv2d", pixels).sizes() == at::IntArrayRef({1, 4, 16, 16}));
  CHECK(value_of(net, "base/conv2d_1", pixels).min().item<double>() < 0);
  CHECK(value_of(net, "base", pixels).min().item<double>() == 0);
  CHECK(net.layers()[last_map(net, pixels)].name == "base");
  CHECK(convolution_kernels(net, net.find("base/conv2d_1"), pixels).sizes() == at::IntArrayRef({6, 4, 3, 3}));
}

TEST_CASE("A model that was frozen whole can be looked into by its operations") {
  const Net net = net_of_layers(kLayers);
  const at::Tensor pixels = some_pictures(1);
  const FlatNet frozen(reloaded(frozen_module(net.module, classifier_methods(net.module))));
  const FlatNet plain(net.module);
  const at::NoGradGuard no_grad;
  const at::Tensor map = activations_of(frozen, pixels, {last_map(frozen, pixels)}).values[0];
  CHECK(largest_difference(map, value_of(plain, "residual/add", pixels)) < 1e-4);
}

TEST_CASE("The last map comes before the last pooling, the last features before the last dense layer") {
  const FlatNet net(net_of_layers(kLayers).module);
  const at::Tensor pixels = some_pictures(1);
  CHECK(net.layers()[last_map(net, pixels)].name == "residual/add");
  const std::string features = net.layers()[last_features(net, pixels)].name;
  CHECK((features == "dense" || features == "dropout"));
  const FlatNet flat(net_of_layers(R"({"kind": "flatten"}, {"kind": "dense"})").module);
  CHECK_THROWS_AS(last_map(flat, pixels), UsageError);
}

TEST_CASE("An unknown layer is answered with the nearest one") {
  const FlatNet net(net_of_layers(kLayers).module);
  CHECK(contains(message_of([&] { net.find("conv2"); }), "--layer: unknown layer 'conv2'; did you mean 'conv2d'?"));
  CHECK(contains(message_of([&] { convolution_kernels(net, net.find("flatten"), some_pictures(1)); }),
                 "is not a convolution"));
}

TEST_CASE("A layer's kernels are its weights") {
  const Net net = net_of_layers(kLayers);
  const at::Tensor weight = net.module.attr("head").toModule().attr("conv2d").toModule().attr("weight").toTensor();
  const FlatNet flat(net.module);
  CHECK(largest_difference(convolution_kernels(flat, flat.find("conv2d"), some_pictures(1)), weight.detach()) == 0);
}
