#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "golden/golden.h"
#include "model/build_layer.h"
#include "scratch.h"
#include "spec/layer_fields.h"
#include "torch/device.h"

using namespace cvtool;
using doctest::Approx;

namespace {

// Our keys for Keras's arguments.
Json spec_of(const Json& golden_case) {
  Json spec{{"kind", golden_case["layer"]}};
  for (const auto& [key, value] : golden_case["args"].items()) {
    const std::string ours = key == "kernel_size" || key == "pool_size" ? "kernel"
                             : key == "dilation_rate"                   ? "dilation"
                                                                        : key;
    spec[ours] = value;
  }
  return spec;
}

const Json& golden_case(const std::string& layer) {
  for (const Json& row : keras_golden()["layers"]["cases"])
    if (row["layer"] == layer) return row;
  throw std::runtime_error("no case of " + layer);
}

at::Tensor golden_input() { return nchw(tensor_from_json(keras_golden()["layers"]["input_nhwc"])); }

void load_kernels(const Json& row, const BuiltLayer& layer) {
  if (row.contains("kernel_hwio")) load(layer, "weight", tensor_from_json(row["kernel_hwio"]).permute({3, 2, 0, 1}));
  // [kh,kw,C,M] -> [C*M,1,kh,kw]: the outputs of one channel lie together in both.
  if (row.contains("kernel_hwcm")) {
    const at::Tensor kernel = tensor_from_json(row["kernel_hwcm"]).permute({2, 3, 0, 1});
    load(layer, "weight", kernel.reshape({kernel.size(0) * kernel.size(1), 1, kernel.size(2), kernel.size(3)}));
  }
  if (row.contains("bias")) load(layer, "bias", tensor_from_json(row["bias"]));
}

void load_statistics(const BuiltLayer& layer) {
  const at::Tensor rows = tensor_from_json(golden_case("batch_norm")["gamma_beta_mean_var"]);
  int64_t row = 0;
  for (const char* name : {"weight", "bias", "running_mean", "running_var"}) load(layer, name, rows[row++]);
}

double value_of(const std::string& function, double x) {
  const BuiltLayer layer = build_layer(R"({"kind": "activation", "function": ")" + function + "\"}", {1});
  return run_layer(layer, at::full({1, 1}, x, at::kFloat)).item<double>();
}

}  // namespace

TEST_CASE("Convolutions and poolings give Keras's values and the shapes they announce") {
  int compared = 0;
  for (const Json& row : keras_golden()["layers"]["cases"]) {
    if (row["layer"] == "batch_norm" || row["layer"] == "flatten") continue;
    const Json spec = spec_of(row);
    CAPTURE(spec.dump());
    const BuiltLayer layer = build_layer(spec.dump(), {3, 7, 6});
    load_kernels(row, layer);
    const at::Tensor expected = nchw(tensor_from_json(row["output"]));
    CHECK(at::IntArrayRef(layer.output) == expected.sizes().slice(1));
    CHECK(largest_difference(run_layer(layer, golden_input()), expected) < 1e-5);
    const at::Tensor last = golden_input().contiguous(at::MemoryFormat::ChannelsLast);
    CHECK(largest_difference(run_layer(layer, last), expected) < 1e-5);
    const at::Tensor many = last.repeat({8, 1, 1, 1}).contiguous(at::MemoryFormat::ChannelsLast);
    CHECK(largest_difference(run_layer(layer, many), expected.repeat({8, 1, 1, 1})) < 1e-5);
    ++compared;
  }
  CHECK(compared == 16);
}

TEST_CASE("Flatten goes in the order height, width, channel") {
  const BuiltLayer layer = build_layer(R"({"kind": "flatten"})", {3, 7, 6});
  CHECK(layer.output == Shape{126});
  CHECK(largest_difference(run_layer(layer, golden_input()), tensor_from_json(golden_case("flatten")["output"])) == 0);
}

TEST_CASE("Batch norm uses its statistics in evaluation and leaves them alone") {
  const BuiltLayer layer = build_layer(R"({"kind": "batch_norm"})", {3, 7, 6});
  load_statistics(layer);
  const at::Tensor y = run_layer(layer, golden_input());
  CHECK(largest_difference(y, nchw(tensor_from_json(golden_case("batch_norm")["output_inference"]))) < 1e-5);
  const at::Tensor rows = tensor_from_json(golden_case("batch_norm")["gamma_beta_mean_var"]);
  CHECK(largest_difference(layer.module.attr("running_mean").toTensor(), rows[2]) == 0);
  CHECK(layer.trainable == 6);
  CHECK(layer.non_trainable == 6);
}

TEST_CASE("Batch norm normalises by the batch in training and moves its statistics as Keras does") {
  BuiltLayer layer = build_layer(R"({"kind": "batch_norm"})", {3, 7, 6});
  load_statistics(layer);
  layer.module.train();
  const at::Tensor y = run_layer(layer, golden_input());
  CHECK(largest_difference(y, nchw(tensor_from_json(golden_case("batch_norm")["output_training"]))) < 1e-5);
  const at::Tensor after = tensor_from_json(golden_case("batch_norm")["mean_var_after_one_training_call"]);
  CHECK(largest_difference(layer.module.attr("running_mean").toTensor(), after[0]) < 1e-6);
  CHECK(largest_difference(layer.module.attr("running_var").toTensor(), after[1]) < 1e-6);
}

TEST_CASE("Batch norm of a single value per channel takes its variance for zero, as Keras does") {
  for (const Shape& shape : {Shape{3}, Shape{3, 1, 1}}) {
    BuiltLayer layer = build_layer(R"({"kind": "batch_norm"})", shape);
    layer.module.train();
    std::vector<int64_t> sizes{1};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    const at::Tensor x = at::tensor({-2.F, 0.F, 5.F}).reshape(sizes);
    CHECK(largest_difference(run_layer(layer, x), at::zeros(sizes)) < 1e-4);
    CHECK(largest_difference(layer.module.attr("running_mean").toTensor(), at::tensor({-0.02F, 0.F, 0.05F})) < 1e-7);
    CHECK(largest_difference(layer.module.attr("running_var").toTensor(), at::full({3}, 0.99F)) < 1e-7);
  }
}

TEST_CASE("The gradient of a weight that meets padding only is zero, in bfloat16 too") {
  const auto gradient = [](const std::string& json, const Shape& shape, at::ScalarType type, bool any_size) {
    BuiltLayer layer = any_size ? build_layer(json, {16, 20, 20}, true) : build_layer(json, shape);
    at::manual_seed(3);
    const at::Tensor x = at::randn({8, shape[0], shape[1], shape[2]}).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor weight = layer.module.attr("weight").toTensor();
    weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
    std::vector<at::Tensor> garbage;  // what memory holds that is not written
    for (int64_t bytes = 64; bytes <= 1 << 20; bytes *= 2)
      for (int i = 0; i < 4; ++i) garbage.push_back(at::full({bytes / 4}, std::nanf("")));
    garbage.clear();
    const Autocast autocast(at::kCPU, type);
    layer.module.forward({x}).toTensor().to(at::kFloat).square().sum().backward();
    return weight.grad().clone();
  };
  for (const Shape& shape : {Shape{16, 1, 1}, Shape{16, 2, 1}, Shape{16, 1, 2}, Shape{16, 2, 2}, Shape{16, 3, 3}})
    for (const int64_t kernel : {1, 2, 3, 4, 5, 7})
      for (const int64_t stride : {1, 2, 3})
        for (const std::string padding : {"\"same\"", "1", "2"}) {
          const std::string json = R"({"kind": "conv2d", "filters": 32, "kernel": )" + std::to_string(kernel) +
                                   R"(, "strides": )" + std::to_string(stride) + R"(, "padding": )" + padding + "}";
          if (padding != "\"same\"" && shape[1] + 2 * std::stoll(padding) < kernel) continue;
          if (padding != "\"same\"" && shape[2] + 2 * std::stoll(padding) < kernel) continue;
          CAPTURE(json);
          CAPTURE(shape[1]);
          CAPTURE(shape[2]);
          const at::Tensor exact = gradient(json, shape, at::kFloat, false);
          for (const bool any_size : {false, true})
            CHECK(largest_difference(gradient(json, shape, at::kBFloat16, any_size), exact) <=
                  0.05 * exact.abs().max().item<double>() + 1e-3);
        }
}

TEST_CASE("Batch norm gives a gradient to what it learns and to its input") {
  BuiltLayer layer = build_layer(R"({"kind": "batch_norm", "scale": false})", {3, 7, 6});
  layer.module.train();
  const at::Tensor x = golden_input().set_requires_grad(true);
  layer.module.forward({x}).toTensor().pow(3).sum().backward();
  CHECK(x.grad().abs().max().item<double>() > 0);
  CHECK(layer.module.attr("bias").toTensor().grad().defined());
  CHECK_FALSE(layer.module.attr("weight").toTensor().requires_grad());
  CHECK(layer.trainable == 3);
}

TEST_CASE("Padding can be written in numbers") {
  const at::Tensor x = golden_input();
  const BuiltLayer same =
      build_layer(R"({"kind": "conv2d", "filters": 2, "kernel": 3, "strides": 2, "padding": "same"})", {3, 7, 6});
  const BuiltLayer sides =
      build_layer(R"({"kind": "conv2d", "filters": 2, "kernel": 3, "strides": 2, "padding": [1, 1, 0, 1]})", {3, 7, 6});
  CHECK(largest_difference(run_layer(same, x), run_layer(sides, x)) == 0);
  const BuiltLayer one =
      build_layer(R"({"kind": "conv2d", "filters": 2, "kernel": [3, 1], "padding": [1, 0]})", {3, 7, 6});
  CHECK(one.output == Shape{2, 7, 6});
  CHECK(run_layer(one, x).sizes() == at::IntArrayRef({2, 2, 7, 6}));
}

TEST_CASE("Pooling with padding on every side counts neither zeros nor anything else there") {
  const at::Tensor ones = at::full({1, 1, 4, 4}, -2.0F);
  for (const char* padding : {"1", "[1, 0]", "[0, 2, 1, 0]", "[2, 2, 2, 2]"})
    for (const char* kind : {"avg_pool2d", "max_pool2d"}) {
      const std::string json =
          std::string(R"({"kind": ")") + kind + R"(", "kernel": 3, "strides": 1, "padding": )" + padding + "}";
      CAPTURE(json);
      const at::Tensor y = run_layer(build_layer(json, {1, 4, 4}), ones);
      CHECK(largest_difference(y, at::full_like(y, -2.0F)) < 1e-6);
    }
}

TEST_CASE("Grouped convolutions see their own channels only") {
  const BuiltLayer layer =
      build_layer(R"({"kind": "conv2d", "filters": 4, "kernel": 1, "groups": 2, "bias": false})", {4, 3, 3});
  CHECK(layer.trainable == 4 * 2);
  at::Tensor x = at::zeros({1, 4, 3, 3});
  x.narrow(1, 0, 2).fill_(1);
  const at::Tensor y = run_layer(layer, x);
  CHECK(y.narrow(1, 0, 2).abs().min().item<double>() > 0);
  CHECK(y.narrow(1, 2, 2).abs().max().item<double>() == 0);
  CHECK_THROWS_AS(build_layer(R"({"kind": "conv2d", "filters": 4, "groups": 3})", {4, 3, 3}), UsageError);
}

TEST_CASE(
    "Depthwise convolutions with several filters per channel are the same for either order of channels in memory") {
  const BuiltLayer layer =
      build_layer(R"({"kind": "depthwise_conv2d", "kernel": 3, "padding": "same", "depth_multiplier": 2})", {48, 8, 8});
  at::manual_seed(2);
  const at::Tensor x = at::randn({8, 48, 8, 8});
  const at::Tensor first = run_layer(layer, x);
  CHECK(first.abs().max().item<double>() > 0.1);
  CHECK(largest_difference(run_layer(layer, x.contiguous(at::MemoryFormat::ChannelsLast)), first) < 1e-5);
}

TEST_CASE("Activations follow Keras's formulas") {
  const double x = -0.7, z = 1.3;
  CHECK(value_of("linear", x) == Approx(x));
  CHECK(value_of("relu", x) == 0);
  CHECK(value_of("relu", z) == Approx(z));
  CHECK(value_of("relu6", 8) == 6);
  CHECK(value_of("sigmoid", z) == Approx(1 / (1 + std::exp(-z))));
  CHECK(value_of("tanh", x) == Approx(std::tanh(x)));
  CHECK(value_of("elu", x) == Approx(std::exp(x) - 1));
  CHECK(value_of("leaky_relu", x) == Approx(0.3 * x));
  CHECK(value_of("silu", z) == Approx(z / (1 + std::exp(-z))));
  CHECK(value_of("hard_swish", z) == Approx(z * (z + 3) / 6));
  CHECK(value_of("hard_swish", -4) == 0);
  CHECK(value_of("hard_sigmoid", z) == Approx((z + 3) / 6));
  CHECK(value_of("hard_sigmoid", 5) == 1);
  CHECK(value_of("gelu", z) == Approx(0.5 * z * (1 + std::erf(z / std::sqrt(2.0)))));
  // As the key of a layer, Keras's activation function: slope 0.2.
  const BuiltLayer dense = build_layer(R"({"kind": "dense", "units": 1, "activation": "leaky_relu"})", {1});
  load(dense, "weight", at::ones({1, 1}));
  CHECK(run_layer(dense, at::full({1, 1}, -1.0F)).item<double>() == Approx(-0.2));
}

TEST_CASE("Every activation can be trained in bfloat16") {
  for (const std::string& name : activation_names()) {
    CAPTURE(name);
    const BuiltLayer layer = build_layer(R"({"kind": "activation", "function": ")" + name + "\"}", {8});
    const at::Tensor x = at::linspace(-7, 7, 16).view({2, 8}).to(at::kBFloat16).requires_grad_();
    torch::jit::Module module = layer.module;
    CHECK_NOTHROW(module.forward({x}).toTensor().to(at::kFloat).square().sum().backward());
    CHECK(x.grad().defined());
  }
}

TEST_CASE("Softmax sums to one over the classes") {
  const at::Tensor y = run_layer(build_layer(R"({"kind": "activation", "function": "softmax"})", {3}),
                                 at::tensor({1.F, 2.F, 3.F, 0.F, 0.F, 90.F}).reshape({2, 3}));
  CHECK(largest_difference(y.sum(1), at::ones({2})) < 1e-6);
  CHECK(y[0][2].item<double>() == Approx(std::exp(3) / (std::exp(1) + std::exp(2) + std::exp(3))));
}

TEST_CASE("Global poolings take the mean and the largest value of a channel") {
  const at::Tensor x = golden_input();
  CHECK(largest_difference(run_layer(build_layer(R"({"kind": "global_avg_pool2d"})", {3, 7, 6}), x),
                           x.flatten(2).mean(2)) < 1e-6);
  CHECK(largest_difference(run_layer(build_layer(R"({"kind": "global_max_pool2d"})", {3, 7, 6}), x),
                           x.flatten(2).amax(2)) == 0);
  // A vector has one value a channel.
  const at::Tensor vector = at::tensor({1.F, 2.F, 3.F}).reshape({1, 3});
  CHECK(largest_difference(run_layer(build_layer(R"({"kind": "global_avg_pool2d"})", {3}), vector), vector) == 0);
}

TEST_CASE("Dropout works in training only and keeps the mean") {
  BuiltLayer layer = build_layer(R"({"kind": "dropout", "rate": 0.25})", {10000});
  const at::Tensor x = at::ones({1, 10000});
  CHECK(largest_difference(run_layer(layer, x), x) == 0);
  layer.module.train();
  at::manual_seed(5);
  const at::Tensor y = run_layer(layer, x);
  CHECK(y.eq(0).to(at::kFloat).mean().item<double>() == Approx(0.25).epsilon(0.1));
  CHECK(y.max().item<double>() == Approx(1 / 0.75));
}

TEST_CASE("Rescaling multiplies, adds and turns RGB into BGR, from bytes too") {
  at::Tensor x = at::zeros({1, 3, 1, 1}, at::kByte);
  x[0][0] = 100;
  x[0][2] = 255;
  const BuiltLayer layer =
      build_layer(R"({"kind": "rescale", "channels": "bgr", "scale": [1, 2, 0.5], "offset": -1})", {3, 1, 1});
  CHECK(largest_difference(run_layer(layer, x).flatten(), at::tensor({254.F, -1.F, 49.F})) == 0);
  CHECK_THROWS_AS(build_layer(R"({"kind": "rescale", "scale": [1, 2]})", {3, 1, 1}), UsageError);
  CHECK_THROWS_AS(build_layer(R"({"kind": "rescale", "scale": "big"})", {3, 1, 1}), UsageError);
}

TEST_CASE("Local response normalisation follows Krizhevsky's formula, with alpha divided by the size") {
  const BuiltLayer layer = build_layer(R"({"kind": "lrn", "size": 3, "alpha": 0.5, "beta": 0.75, "k": 2})", {4, 2, 1});
  CHECK(layer.output == Shape{4, 2, 1});
  at::manual_seed(8);
  const at::Tensor x = at::randn({2, 4, 2, 1}), y = run_layer(layer, x);
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t c = 0; c < 4; ++c)
      for (int64_t h = 0; h < 2; ++h) {
        double squares = 0;
        for (int64_t near = std::max<int64_t>(c - 1, 0); near <= std::min<int64_t>(c + 1, 3); ++near)
          squares += std::pow(x[n][near][h][0].item<double>(), 2);
        CHECK(y[n][c][h][0].item<double>() ==
              Approx(x[n][c][h][0].item<double>() / std::pow(2 + 0.5 / 3 * squares, 0.75)));
      }
  CHECK(contains(message_of([] {
                   build_layer(R"({"kind": "lrn", "size": 4})", {4, 2, 1});
                 }),
                 "size: must be an odd number, not 4"));
}

TEST_CASE("Ceil mode keeps the window that hangs over the end") {
  const at::Tensor x = golden_input();
  for (const char* kind : {"max_pool2d", "avg_pool2d"}) {
    const BuiltLayer layer = build_layer(
        std::string(R"({"kind": ")") + kind + R"(", "kernel": 3, "strides": 2, "ceil_mode": true})", {3, 7, 6});
    CHECK(layer.output == Shape{3, 3, 3});
    const at::Tensor y = run_layer(layer, x);
    REQUIRE(y.sizes() == at::IntArrayRef({2, 3, 3, 3}));
    const at::Tensor corner = x.slice(2, 4, 7).slice(3, 4, 6).flatten(2);
    CHECK(largest_difference(y.select(2, 2).select(2, 2),
                             std::string(kind) == "max_pool2d" ? corner.amax(2) : corner.mean(2)) < 1e-6);
  }
}

TEST_CASE("Windows follow TensorFlow's arithmetic") {
  const auto shape = [](const std::string& keys, Shape input) {
    return build_layer(R"({"kind": "max_pool2d", )" + keys + "}", input).output;
  };
  CHECK(shape(R"("kernel": 2, "padding": "same")", {1, 5, 4}) == Shape{1, 3, 2});
  CHECK(shape(R"("kernel": 2)", {1, 5, 4}) == Shape{1, 2, 2});
  CHECK(shape(R"("kernel": [3, 1], "strides": [1, 2])", {1, 5, 4}) == Shape{1, 3, 2});
  const std::string message = message_of([&] { shape(R"("kernel": 4)", {1, 5, 3}); });
  CHECK(contains(message, "layer: the window of 4x4 does not fit its input of 1 channel of 5x3"));
  for (const char* bad : {R"("kernel": 0)", R"("kernel": "3")", R"("kernel": [1, 2, 3])", R"("strides": 0)",
                          R"("padding": "sme")", R"("padding": -1)"})
    CHECK_THROWS_AS(shape(bad, {1, 8, 8}), UsageError);
}
