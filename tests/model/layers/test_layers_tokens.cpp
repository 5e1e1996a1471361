// Layer norm, layer scale, tokens and attention, against LibTorch's own or formulas written out.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "golden/golden.h"
#include "model/build_layer.h"
#include "model/net_batch.h"
#include "model/stages.h"
#include "scratch.h"
#include "torch/device.h"

using namespace cvtool;
using doctest::Approx;

namespace {

// Parameters far from their first values.
void draw_parameters(const BuiltLayer& layer) {
  const at::NoGradGuard no_grad;
  at::manual_seed(4);
  for (at::Tensor parameter : layer.module.parameters()) parameter.normal_(0, 0.5);
}

at::Tensor parameter(const BuiltLayer& layer, const std::string& name) { return layer.module.attr(name).toTensor(); }

at::Tensor parameter_of(const BuiltLayer& layer, const std::string& child, const std::string& name) {
  return layer.module.attr(child).toModule().attr(name).toTensor();
}

// The largest difference between autograd's gradients, of the input and of every parameter, and differences of the
// values themselves, relative to the largest gradient; in float64, `picks` numbers of each.
double gradient_error(const BuiltLayer& layer, const std::vector<int64_t>& input) {
  torch::jit::Module module = layer.module;
  module.to(at::kDouble);
  at::manual_seed(9);
  const at::Tensor x = at::randn(input, at::kDouble).requires_grad_();
  const at::Tensor factors = at::randn_like(module.forward({x}).toTensor());
  const auto value = [&] { return (module.forward({x}).toTensor() * factors).sum(); };
  std::vector<at::Tensor> tensors{x};
  for (const at::Tensor& tensor : module.parameters()) tensors.push_back(tensor);
  value().backward();
  double largest = 0, error = 0;
  const at::NoGradGuard no_grad;
  for (const at::Tensor& tensor : tensors) {
    REQUIRE(tensor.grad().defined());
    const at::Tensor flat = tensor.data().view({-1}), gradient = tensor.grad().reshape({-1});
    for (int64_t i = 0; i < flat.numel(); i += 1 + flat.numel() / 7) {
      constexpr double kStep = 1e-5;
      const double before = flat[i].item<double>();
      flat[i].fill_(before + kStep);
      const double above = value().item<double>();
      flat[i].fill_(before - kStep);
      const double below = value().item<double>();
      flat[i].fill_(before);
      const double slope = gradient[i].item<double>();
      error = std::max(error, std::abs((above - below) / (2 * kStep) - slope));
      largest = std::max(largest, std::abs(slope));
    }
  }
  return error / largest;
}

std::string refusal_of(const std::string& json, const Shape& shape) {
  return message_of([&] { build_layer(json, shape); });
}

}  // namespace

TEST_CASE("Layer norm takes mean and variance of a pixel's, a token's or a vector's channels") {
  const std::string json = R"({"kind": "layer_norm", "epsilon": 0.01})";
  at::manual_seed(2);
  for (const Shape& shape : {Shape{6, 3, 4}, Shape{6, 5}, Shape{6}}) {
    const BuiltLayer layer = build_layer(json, shape);
    CHECK(layer.output == shape);
    CHECK(layer.trainable == 12);
    CHECK(largest_difference(parameter(layer, "weight"), at::ones({6})) == 0);
    CHECK(largest_difference(parameter(layer, "bias"), at::zeros({6})) == 0);
    draw_parameters(layer);
    const bool map = shape.size() == 3;
    const at::Tensor x = map ? at::randn({2, 6, 3, 4}) : shape.size() == 2 ? at::randn({2, 5, 6}) : at::randn({2, 6});
    const at::Tensor channels_last = map ? x.permute({0, 2, 3, 1}) : x;
    const at::Tensor mean = channels_last.mean({-1}, true), centred = channels_last - mean;
    at::Tensor y = centred / (centred.square().mean({-1}, true) + 0.01).sqrt() * parameter(layer, "weight") +
                   parameter(layer, "bias");
    if (map) y = y.permute({0, 3, 1, 2});
    CHECK(largest_difference(run_layer(layer, x), y) < 1e-5);
    if (map) CHECK(largest_difference(run_layer(layer, x.contiguous(at::MemoryFormat::ChannelsLast)), y) < 1e-5);
    CHECK(gradient_error(layer, x.sizes().vec()) < 1e-6);
  }
  const BuiltLayer fixed = build_layer(R"({"kind": "layer_norm", "scale": false, "center": false})", {6});
  CHECK(fixed.trainable == 0);
  CHECK_FALSE(parameter(fixed, "weight").requires_grad());
}

TEST_CASE("Layer norm counts in float32 where the net runs in half the bits") {
  const BuiltLayer layer = build_layer(R"({"kind": "layer_norm"})", {64});
  at::manual_seed(3);
  const at::Tensor x = (at::randn({8, 64}) + 30).to(at::kBFloat16).requires_grad_();
  torch::jit::Module module = layer.module;
  const at::Tensor y = module.forward({x}).toTensor();
  CHECK((y.scalar_type() == at::kFloat));
  CHECK(y.mean(1).abs().max().item<double>() < 1e-5);
  y.square().sum().backward();
  CHECK(x.grad().isfinite().all().item<bool>());
}

TEST_CASE("Layer scale multiplies each channel, and begins near zero") {
  for (const Shape& shape : {Shape{3, 4, 5}, Shape{3, 7}, Shape{3}}) {
    const BuiltLayer layer = build_layer(R"({"kind": "layer_scale", "initial": 0.25})", shape);
    CHECK(layer.output == shape);
    CHECK(layer.trainable == 3);
    CHECK(largest_difference(parameter(layer, "weight"), at::full({3}, 0.25F)) == 0);
    draw_parameters(layer);
    const at::Tensor weight = parameter(layer, "weight");
    const std::vector<int64_t> input = shape.size() == 3   ? std::vector<int64_t>{2, 3, 4, 5}
                                       : shape.size() == 2 ? std::vector<int64_t>{2, 7, 3}
                                                           : std::vector<int64_t>{2, 3};
    const at::Tensor x = at::randn(input), y = run_layer(layer, x);
    const int64_t axis = shape.size() == 2 ? 2 : 1;
    for (int64_t c = 0; c < 3; ++c) CHECK(largest_difference(y.select(axis, c), x.select(axis, c) * weight[c]) < 1e-6);
    CHECK(gradient_error(layer, input) < 1e-6);
  }
}

TEST_CASE("Tokens are the pixels row by row, with their positions, behind the class token with its own") {
  const BuiltLayer layer = build_layer(R"({"kind": "tokens"})", {4, 2, 3});
  CHECK(layer.output == Shape{4, 7});
  CHECK(layer.trainable == 4 + 7 * 4);
  CHECK(largest_difference(parameter(layer, "class_token"), at::zeros({1, 1, 4})) == 0);
  draw_parameters(layer);
  const at::Tensor x = at::randn({2, 4, 2, 3}), y = run_layer(layer, x);
  REQUIRE(y.sizes() == at::IntArrayRef({2, 7, 4}));
  const at::Tensor positions = parameter(layer, "positions"), first = parameter(layer, "class_token")[0][0];
  for (int64_t n = 0; n < 2; ++n) {
    CHECK(largest_difference(y[n][0], first + positions[0][0]) == 0);
    for (int64_t row = 0; row < 2; ++row)
      for (int64_t column = 0; column < 3; ++column) {
        const int64_t token = 1 + row * 3 + column;
        CHECK(largest_difference(y[n][token], x[n].select(1, row).select(1, column) + positions[0][token]) == 0);
      }
  }
  CHECK(gradient_error(layer, {2, 4, 2, 3}) < 1e-6);
  const BuiltLayer bare = build_layer(R"({"kind": "tokens", "class_token": false})", {4, 2, 3});
  CHECK(bare.output == Shape{4, 6});
  CHECK(bare.trainable == 24);
  CHECK(largest_difference(run_layer(bare, x), x.flatten(2).transpose(1, 2) + parameter(bare, "positions")) == 0);
}

TEST_CASE("Positions begin as small normal numbers of the seed") {
  const at::Tensor drawn = parameter(build_layer(R"({"kind": "tokens"})", {64, 14, 14}), "positions");
  CHECK(drawn.mean().item<double>() == Approx(0).epsilon(1e-3));
  CHECK(drawn.std().item<double>() == Approx(0.02).epsilon(0.05));
  CHECK(at::equal(drawn, parameter(build_layer(R"({"kind": "tokens"})", {64, 14, 14}), "positions")));
}

TEST_CASE("Positions are interpolated to other sizes as LibTorch does, with a wider window or without") {
  struct Form {
    const char* json;
    bool antialias;
    double offset;
  };
  for (const Form& form :
       {Form{R"({"kind": "tokens", "grid": [7, 5]})", true, 0},
        Form{R"({"kind": "tokens", "grid": [7, 5], "antialias": false})", false, 0},
        Form{R"({"kind": "tokens", "grid": [7, 5], "antialias": false, "offset": 0.1})", false, 0.1}})
    for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{3, 9}, {7, 4}, {5, 7}, {7, 5}}) {
      CAPTURE(form.json);
      const BuiltLayer layer = build_layer(form.json, {6, 4, 4}, /*any_size=*/true);
      draw_parameters(layer);
      const at::Tensor positions = parameter(layer, "positions");
      const at::Tensor map = positions.narrow(1, 1, 35).transpose(1, 2).reshape({1, 6, 7, 5}).detach();
      const auto scale = [&](int64_t to, double from) {
        return form.offset > 0 ? c10::optional<double>((static_cast<double>(to) + form.offset) / from) : c10::nullopt;
      };
      at::Tensor fine = map;
      if (rows != 7 || columns != 5)
        fine = form.antialias ? at::_upsample_bicubic2d_aa(map, {rows, columns}, false)
                              : at::upsample_bicubic2d(map, {rows, columns}, false, scale(rows, 7), scale(columns, 5));
      const at::Tensor x = at::randn({2, 6, rows, columns}), y = run_layer(layer, x);
      REQUIRE(y.sizes() == at::IntArrayRef({2, 1 + rows * columns, 6}));
      CHECK(largest_difference(y.narrow(1, 1, rows * columns), (x + fine).flatten(2).transpose(1, 2)) < 1e-5);
      CHECK(gradient_error(layer, {2, 6, rows, columns}) < 1e-6);
    }
  // A net of one size needs positions of that size alone.
  const BuiltLayer other = build_layer(R"({"kind": "tokens", "grid": 3})", {6, 4, 4});
  CHECK(other.output == Shape{6, 17});
  CHECK(run_layer(other, at::zeros({1, 6, 4, 4})).sizes() == at::IntArrayRef({1, 17, 6}));
}

TEST_CASE("Positions stay float32 where the net runs in half the bits") {
  const BuiltLayer layer = build_layer(R"({"kind": "tokens", "grid": 5})", {6, 4, 4});
  draw_parameters(layer);
  const at::Tensor x = at::randn({1, 6, 4, 4}), exact = run_layer(layer, x);
  const Autocast autocast(at::kCPU, at::kBFloat16);
  CHECK(largest_difference(run_layer(layer, x), exact) == 0);
}

TEST_CASE("The class token is the first of the tokens") {
  const BuiltLayer layer = build_layer(R"({"kind": "class_token"})", {4, 7});
  CHECK(layer.output == Shape{4});
  const at::Tensor x = at::randn({2, 7, 4});
  CHECK(largest_difference(run_layer(layer, x), x.select(1, 0)) == 0);
}

TEST_CASE("Attention takes of every token's values what its query and their keys say, head by head") {
  const BuiltLayer layer = build_layer(R"({"kind": "multi_head_attention", "heads": 2})", {6, 5});
  CHECK(layer.output == Shape{6, 5});
  CHECK(layer.trainable == 4 * (6 * 6 + 6));
  draw_parameters(layer);
  const at::Tensor x = at::randn({3, 5, 6}), y = run_layer(layer, x);
  const at::Tensor weight = parameter_of(layer, "qkv", "weight"), bias = parameter_of(layer, "qkv", "bias");
  const auto part = [&](int64_t which, int64_t head) {  // [3,5,3]
    const int64_t begin = which * 6 + head * 3;
    return at::matmul(x, weight.narrow(0, begin, 3).t()) + bias.narrow(0, begin, 3);
  };
  std::vector<at::Tensor> heads;
  for (int64_t head = 0; head < 2; ++head) {
    at::Tensor out = at::zeros({3, 5, 3});
    const at::Tensor q = part(0, head), k = part(1, head), v = part(2, head);
    for (int64_t n = 0; n < 3; ++n)
      for (int64_t token = 0; token < 5; ++token) {
        const at::Tensor match = (at::mv(k[n], q[n][token]) / std::sqrt(3.0)).exp();
        out[n][token] = at::mv(v[n].t(), match / match.sum());
      }
    heads.push_back(out);
  }
  const at::Tensor expected = at::matmul(at::cat(heads, 2), parameter_of(layer, "projection", "weight").t()) +
                              parameter_of(layer, "projection", "bias");
  CHECK(largest_difference(y, expected) < 1e-5);
  CHECK(gradient_error(layer, {3, 5, 6}) < 1e-6);
  CHECK(build_layer(R"({"kind": "multi_head_attention", "heads": 1, "bias": false})", {6, 5}).trainable == 4 * 36);
}

TEST_CASE("Attention's weights begin as Keras draws those of queries, keys and values") {
  const BuiltLayer layer = build_layer(R"({"kind": "multi_head_attention", "heads": 4})", {64, 5});
  const double limit = std::sqrt(6.0 / 128);
  for (const char* child : {"qkv", "projection"}) {
    const at::Tensor weight = parameter_of(layer, child, "weight");
    CHECK(weight.abs().max().item<double>() <= limit);
    CHECK(weight.abs().max().item<double>() > 0.98 * limit);
    CHECK(parameter_of(layer, child, "bias").abs().max().item<double>() == 0);
  }
}

TEST_CASE("Dense layers, activations, dropout and flatten take tokens") {
  const BuiltLayer dense = build_layer(R"({"kind": "dense", "units": 3, "activation": "softmax"})", {4, 5});
  CHECK(dense.output == Shape{3, 5});
  draw_parameters(dense);
  const at::Tensor x = at::randn({2, 5, 4});
  const at::Tensor z = at::matmul(x, parameter(dense, "weight").t()) + parameter(dense, "bias");
  CHECK(largest_difference(run_layer(dense, x), at::softmax(z, 2)) < 1e-6);
  const BuiltLayer softmax = build_layer(R"({"kind": "activation", "function": "softmax"})", {4, 5});
  CHECK(largest_difference(run_layer(softmax, x), at::softmax(x, 2)) < 1e-6);
  CHECK(build_layer(R"({"kind": "dropout"})", {4, 5}).output == Shape{4, 5});
  const BuiltLayer flat = build_layer(R"({"kind": "flatten"})", {4, 5});
  CHECK(flat.output == Shape{20});
  CHECK(largest_difference(run_layer(flat, x), x.flatten(1)) == 0);
}

TEST_CASE("What does not fit tokens, or needs them, says so") {
  CHECK(contains(refusal_of(R"({"kind": "batch_norm"})", {4, 5}),
                 "needs a feature map or a vector, but its input is 5 tokens of 4 channels; use layer_norm"));
  CHECK(contains(refusal_of(R"({"kind": "global_avg_pool2d"})", {4, 5}), "use class_token"));
  CHECK(contains(refusal_of(R"({"kind": "rescale"})", {4, 5}), "put it before the tokens"));
  CHECK(contains(refusal_of(R"({"kind": "conv2d", "filters": 2})", {4, 5}), "5 tokens of 4 channels"));
  CHECK(contains(refusal_of(R"({"kind": "tokens"})", {4}), "needs a feature map"));
  CHECK(contains(refusal_of(R"({"kind": "tokens", "grid": 0})", {4, 2, 2}), "grid: 0 is out of range"));
  CHECK(contains(refusal_of(R"({"kind": "tokens", "grid": 65536})", {4096, 2, 2}), "weights"));
  CHECK(contains(refusal_of(R"({"kind": "class_token"})", {4, 2, 2}), "needs tokens, but its input is 4 channels"));
  CHECK(contains(refusal_of(R"({"kind": "multi_head_attention", "heads": 2})", {4}), "put a tokens layer before it"));
  CHECK(contains(refusal_of(R"({"kind": "multi_head_attention"})", {4, 5}), "heads: must be given"));
  CHECK(contains(refusal_of(R"({"kind": "multi_head_attention", "heads": 3})", {4, 5}),
                 "heads: 3 must divide the 4 channels"));
}

TEST_CASE("A net with attention is given one photo at a time") {
  const auto rows = [](const std::string& json) {
    return batch_rows(constant_module(build_layer(json, {64, 5}).module));
  };
  CHECK(rows(R"({"kind": "multi_head_attention", "heads": 2})") == 1);
  CHECK(rows(R"({"kind": "dense", "units": 64})") == kPhotosAtOnce);
}
