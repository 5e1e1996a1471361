#include "model/predictor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "model/compile.h"
#include "model/fast_module.h"
#include "model/net_batch.h"
#include "model/stages.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

constexpr const char* kConvNet = R"([
  {"kind": "conv2d", "filters": 8, "padding": "same", "bias": false}, {"kind": "batch_norm", "activation": "relu"},
  {"kind": "residual", "layers": [{"kind": "conv2d", "filters": 8, "padding": "same"}, {"kind": "batch_norm"}]},
  {"kind": "max_pool2d"}, {"kind": "depthwise_conv2d", "padding": "same"}, {"kind": "batch_norm"},
  {"kind": "flatten"}, {"kind": "dense", "units": 32, "activation": "relu"}, {"kind": "dense"}])";
constexpr const char* kOddUnits = R"([{"kind": "flatten"}, {"kind": "dense", "units": 3, "activation": "gelu"},
  {"kind": "dense", "units": 3, "activation": "silu"}, {"kind": "dense", "units": 5, "activation": "sigmoid"}])";

Net net_of(const std::string& layers, int64_t classes) {
  Net net = compile_net(Json{{"layers", Json::parse(layers)}}, {{16, 12}, classes, 7});
  // As after a training: batch norm has statistics.
  at::manual_seed(3);
  for (at::Tensor buffer : net.module.buffers()) buffer.uniform_(0.5, 1.5);
  net.module.eval();
  return net;
}

at::Tensor noise(int64_t count) {
  at::manual_seed(11);
  return at::randint(256, {count, 3, 16, 12}, at::kByte).contiguous(at::MemoryFormat::ChannelsLast);
}

int64_t count_of(const torch::jit::Block& block, const std::string& kind) {
  int64_t count = 0;
  for (const torch::jit::Node* node : block.nodes()) {
    count += kind == node->kind().toQualString();
    for (const torch::jit::Block* inner : node->blocks()) count += count_of(*inner, kind);
  }
  return count;
}

}  // namespace

TEST_CASE("What is said of a photo depends on it alone: not on number, place and neighbours, nor on threads") {
  const at::Tensor x = noise(11);
  const int before = at::get_num_threads();
  const std::vector<std::pair<std::string, int64_t>> nets{{kConvNet, 3}, {kOddUnits, 5}};
  for (const auto& net : nets)
    for (const at::ScalarType precision : {at::kFloat, at::kBFloat16}) {
      CAPTURE(net.first);
      const Predictor predictor(net_of(net.first, net.second).module, at::kCPU, precision);
      const Prediction all = predictor.run(x);
      for (const int threads : {1, 2, 3}) {
        at::set_num_threads(threads);
        CHECK(at::equal(predictor.run(x).logits, all.logits));
        CHECK(at::equal(predictor.run(x.flip({0})).probabilities.flip({0}), all.probabilities));
      }
      at::set_num_threads(before);
      for (int64_t i = 0; i < 11; ++i) {
        const Prediction alone = predictor.run(x.narrow(0, i, 1));
        CHECK(at::equal(alone.logits, all.logits.narrow(0, i, 1)));
        CHECK(at::equal(alone.probabilities, all.probabilities.narrow(0, i, 1)));
        CHECK(at::equal(alone.features, all.features.narrow(0, i, 1)));
        CHECK((all.sigmoids.defined() == predictor.has_sigmoids()));
        if (predictor.has_sigmoids()) CHECK(at::equal(alone.sigmoids, all.sigmoids.narrow(0, i, 1)));
      }
    }
}

TEST_CASE("Sigmoids are those of the model's own method, whatever its temperature") {
  Net net = net_of(kOddUnits, 5);
  net.module.setattr("temperature", 1.7);
  const at::Tensor expected = net.module.get_method("sigmoids")({noise(3)}).toTensor();
  const Predictor predictor(net.module, at::kCPU, at::kFloat);
  CHECK(at::allclose(predictor.run(noise(3)).sigmoids, expected, 1e-5, 1e-6));
}

TEST_CASE("Batch norm is folded into every convolution, one that pads by itself too, and values stay") {
  const Net net = net_of(kConvNet, 3);
  const at::NoGradGuard no_grad;
  const at::Tensor x = noise(4), z = net.module.get_method("logits")({x}).toTensor();
  torch::jit::Module fast = ready_net(net.module, at::kCPU).module;
  CHECK(count_of(*fast.get_method("forward").graph()->block(), "aten::batch_norm") == 0);
  CHECK(count_of(*fast.get_method("forward").graph()->block(), "prim::If") == 0);
  CHECK(at::allclose(fast.forward({x}).toTensor().narrow(1, 0, 3), z, 1e-4, 1e-5));
  auto packed = packed_module(fast, at::kCPU, at::kFloat);
  CHECK(packed.has_value() == packs_weights());
  if (packed) {
    CHECK(count_of(*packed->get_method("forward").graph()->block(), "prim::mkldnn_convolution") == 3);
    CHECK(at::allclose(packed->forward({x}).toTensor().narrow(1, 0, 3), z, 1e-4, 1e-5));
  }
  CHECK_FALSE(packed_module(fast, at::kCPU, at::kBFloat16).has_value());
  CHECK(count_of(*fast.get_method("forward").graph()->block(), "prim::mkldnn_convolution") == 0);
  // The module that it was made of is as it was.
  CHECK(at::equal(net.module.get_method("logits")({x}).toTensor(), z));
}

TEST_CASE("Weights are left in LibTorch's order where branches are joined again and again") {
  std::string layers;
  for (int i = 0; i < 4; ++i)
    layers += R"({"kind": "branches", "branches": [[{"kind": "conv2d", "filters": 8, "padding": "same"}],
                                                   [{"kind": "conv2d", "filters": 8, "padding": "same"}]]},)";
  const Net net = net_of("[" + layers + R"({"kind": "flatten"}, {"kind": "dense"}])", 3);
  CHECK_FALSE(packed_module(ready_net(net.module, at::kCPU).module, at::kCPU, at::kFloat).has_value());
}

TEST_CASE("A branch that does more than choose who pads stays") {
  torch::jit::Module module("Branch");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.define(R"(
def forward(self, x):
    padding = [1, 1]
    if x.size(2) < 4:
        x = torch.constant_pad_nd(x, [1, 1, 2, 2], 0.)
        padding = [0, 0]
    return torch.avg_pool2d(x, [3, 3], [1, 1], padding)
)");
  torch::jit::Module fast = fast_module(module);
  for (const int64_t size : {3, 8}) {
    const at::Tensor x = at::randn({2, 3, size, size});
    CHECK(at::equal(fast.forward({x}).toTensor(), module.forward({x}).toTensor()));
  }
}

TEST_CASE("A net whose last bits depend on the place in a batch is given one photo at a time") {
  const auto rows = [](const char* layers, int64_t classes) {
    return batch_rows(ready_net(net_of(layers, classes).module, at::kCPU).module);
  };
  CHECK(rows(kConvNet, 3) == kPhotosAtOnce);
  CHECK(rows(kOddUnits, 5) == 1);
  CHECK(rows(R"([{"kind": "conv2d", "filters": 16, "activation": "silu"}, {"kind": "flatten"}, {"kind": "dense"}])",
             3) == kPhotosAtOnce);
}

TEST_CASE("Layers that flatten, pool and scale do the same in training; dropout, norms and weights do not") {
  const Net net = net_of(R"([
    {"kind": "rescale", "scale": 0.1}, {"kind": "activation", "function": "relu"}, {"kind": "max_pool2d"},
    {"kind": "avg_pool2d"}, {"kind": "batch_norm"}, {"kind": "dropout", "rate": 0.1}, {"kind": "conv2d", "filters": 4},
    {"kind": "global_max_pool2d"}, {"kind": "dense"}])",
                         3);
  std::vector<bool> still;
  for (const Stage& stage : stages_of(net.module.attr("head").toModule())) still.push_back(is_still(stage.module));
  CHECK(still == std::vector<bool>{true, true, true, true, false, false, false, true, false});
}
