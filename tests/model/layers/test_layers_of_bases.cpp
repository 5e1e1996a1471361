// Layers that today's backbones are made of.
#include <doctest/doctest.h>

#include "base/error.h"
#include "golden/golden.h"
#include "model/build_layer.h"
#include "scratch.h"

using namespace cvtool;

namespace {

const std::string kSqueeze =
    R"({"kind": "squeeze_excite", "filters": 4, "activation": "silu", "gate": "hard_sigmoid"})";

at::Tensor inside(const BuiltLayer& layer, const std::string& child, const std::string& name) {
  return layer.module.attr(child).toModule().attr(name).toTensor();
}

// Biases begin at zero: a test should see them.
void draw_biases(const BuiltLayer& layer) {
  const at::NoGradGuard no_grad;
  at::manual_seed(4);
  for (const char* child : {"reduce", "expand"}) inside(layer, child, "bias").uniform_(-1, 1);
}

at::Tensor squeeze_excited(const BuiltLayer& layer, const at::Tensor& x) {
  const at::Tensor reduced =
      at::silu(at::conv2d(x.mean(at::IntArrayRef{2, 3}, true), inside(layer, "reduce", "weight").to(x.scalar_type()),
                          inside(layer, "reduce", "bias").to(x.scalar_type())));
  return x * at::hardsigmoid(at::conv2d(reduced, inside(layer, "expand", "weight").to(x.scalar_type()),
                                        inside(layer, "expand", "bias").to(x.scalar_type())));
}

}  // namespace

TEST_CASE("Squeeze and excite scales each channel by what the means of all channels give") {
  const BuiltLayer layer = build_layer(kSqueeze, {16, 5, 7});
  draw_biases(layer);
  CHECK(layer.output == Shape{16, 5, 7});
  CHECK(layer.trainable == 16 * 4 + 4 + 4 * 16 + 16);
  at::manual_seed(2);
  const at::Tensor x = at::randn({3, 16, 5, 7});
  CHECK(largest_difference(run_layer(layer, x), squeeze_excited(layer, x)) < 1e-6);
  CHECK(largest_difference(run_layer(layer, x), x) > 0.1);
  // Any size, either order of channels in memory.
  const BuiltLayer any = build_layer(kSqueeze, {16, 5, 7}, /*any_size=*/true);
  const at::Tensor last = at::randn({8, 16, 9, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(largest_difference(run_layer(any, last), squeeze_excited(any, last)) < 1e-6);
  CHECK(contains(message_of([] {
                   build_layer(R"({"kind": "squeeze_excite"})", {16, 5, 7});
                 }),
                 "filters: must be given"));
  CHECK_THROWS_AS(build_layer(kSqueeze, {16}), UsageError);
}

TEST_CASE("Squeeze and excite gives the gradients of its formula, to input and weights") {
  const BuiltLayer layer = build_layer(kSqueeze, {8, 3, 2});
  draw_biases(layer);
  at::manual_seed(6);
  const at::Tensor x = at::randn({2, 8, 3, 2}), towards = at::randn({2, 8, 3, 2}, at::kDouble);
  at::Tensor input = x.clone().set_requires_grad(true);
  torch::jit::Module module = layer.module;
  (module.forward({input}).toTensor().to(at::kDouble) * towards).sum().backward();
  // Central differences of the formula in float64.
  const auto value = [&](const at::Tensor& pixels) {
    const at::NoGradGuard no_grad;
    return (squeeze_excited(layer, pixels) * towards).sum().item<double>();
  };
  constexpr double kStep = 1e-5;
  for (int64_t i = 0; i < x.numel(); i += 5) {
    const at::Tensor up = x.to(at::kDouble), down = x.to(at::kDouble);
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    const double slope = (value(up) - value(down)) / (2 * kStep);
    CHECK(input.grad().view(-1)[i].item<double>() == doctest::Approx(slope).epsilon(1e-3).scale(1));
  }
  std::vector<at::Tensor> given;
  for (const at::Tensor& parameter : module.parameters()) {
    given.push_back(parameter.grad().clone());
    parameter.mutable_grad().zero_();
  }
  REQUIRE(given.size() == 4);
  (squeeze_excited(layer, x).to(at::kDouble) * towards).sum().backward();
  for (const at::Tensor& parameter : module.parameters()) {
    CHECK(largest_difference(given.front(), parameter.grad()) < 1e-5);
    CHECK(parameter.grad().abs().max().item<double>() > 1e-3);
    given.erase(given.begin());
  }
}

TEST_CASE("Stochastic depth keeps a row whole or drops it, in training only, and keeps the mean") {
  for (const Shape& shape : {Shape{3, 2, 2}, Shape{7}}) {
    BuiltLayer layer = build_layer(R"({"kind": "stochastic_depth", "rate": 0.25})", shape);
    std::vector<int64_t> sizes{4000};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    const at::Tensor x = at::ones(sizes).set_requires_grad(true);
    CHECK(largest_difference(run_layer(layer, x), x) == 0);
    layer.module.train();
    at::manual_seed(5);
    const at::Tensor y = layer.module.forward({x}).toTensor();
    const at::Tensor rows = y.flatten(1);
    CHECK(largest_difference(rows, rows.narrow(1, 0, 1).expand_as(rows)) == 0);
    CHECK(rows.eq(0).to(at::kFloat).mean().item<double>() == doctest::Approx(0.25).epsilon(0.1));
    CHECK(rows.max().item<double>() == doctest::Approx(1 / 0.75));
    y.sum().backward();
    CHECK(largest_difference(x.grad(), y) == 0);
  }
}
