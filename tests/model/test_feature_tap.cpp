#include "model/feature_tap.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "model/compile.h"
#include "model/fast_module.h"
#include "model/predictor.h"

using namespace cvtool;

namespace {

Net net_of(const std::string& layers, int64_t classes) {
  Net net = compile_net(Json{{"layers", Json::parse(layers)}}, {{8, 8}, classes, 7});
  net.module.eval();
  net.module.setattr("temperature", 1.5);
  return net;
}

at::Tensor pictures() {
  at::manual_seed(5);
  return at::randint(256, {6, 3, 8, 8}, at::kByte);
}

}  // namespace

TEST_CASE("The features are what the last dense layer makes the logits of, and the logits are as without them") {
  const at::NoGradGuard no_grad;
  const std::vector<std::pair<std::string, int64_t>> nets{
      {R"([{"kind": "conv2d", "filters": 4, "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense"}])", 3},
      {R"([{"kind": "conv2d", "filters": 4}, {"kind": "global_avg_pool2d"}, {"kind": "dense", "units": 5, "activation": "relu"},
           {"kind": "dropout"}, {"kind": "dense", "units": 1, "activation": "sigmoid"}])",
       2}};
  for (const auto& each : nets) {
    const std::string& layers = each.first;
    CAPTURE(layers);
    Net net = net_of(layers, each.second);
    const Prediction said = Predictor(net.module, at::kCPU, at::kFloat).run(pictures());
    at::Tensor weight, bias;
    for (const auto& parameter : net.module.named_parameters()) {  // the last layer's come last
      if (parameter.value.dim() == 2) weight = parameter.value;
      if (parameter.value.dim() == 1) bias = parameter.value;
    }
    CHECK(said.features.size(1) == weight.size(1));
    CHECK(said.logits.size(1) == weight.size(0));
    CHECK(at::allclose((at::matmul(said.features, weight.t()) + bias) / 1.5, said.logits, 1e-5, 1e-6));
    CHECK(at::allclose(net.module.get_method("logits")({pictures()}).toTensor(), said.logits, 1e-4, 1e-5));
  }
}

TEST_CASE("A net that does not end in a dense layer gives its logits and no features") {
  Net net = net_of(R"([{"kind": "conv2d", "filters": 3}, {"kind": "global_avg_pool2d"}])", 3);
  const Prediction said = Predictor(net.module, at::kCPU, at::kFloat).run(pictures());
  CHECK_FALSE(said.features.defined());
  CHECK(said.logits.size(1) == 3);
}

TEST_CASE("What has been tapped is not tapped again") {
  const Net net = net_of(R"([{"kind": "flatten"}, {"kind": "dense"}])", 3);
  torch::jit::Module tapped = ready_net(net.module, at::kCPU).module;
  CHECK(tapped_units(tapped) == 3);
  tap_features(tapped);
  CHECK(tapped.forward({pictures()}).toTensor().size(1) == 3 + 192);
}
