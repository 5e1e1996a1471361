#include "model/compile.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "golden/golden.h"
#include "model/build_layer.h"
#include "model/layer.h"
#include "model/layers/initializers.h"
#include "model/predictor.h"
#include "scratch.h"
#include "spec/recipe.h"

using namespace cvtool;
using doctest::Approx;

namespace {

Net net_of(const std::string& json, NetTarget target = {{8, 8}, 2, 42}) {
  return compile_net(json_from_text(json, "test"), target);
}

Net layers_of(const std::string& layers, NetTarget target = {{8, 8}, 2, 42}) {
  return net_of(R"({"preprocess": "none", "layers": [)" + layers + "]}", target);
}

std::string refusal(const std::string& layers, NetTarget target = {{8, 8}, 2, 42}) {
  try {
    layers_of(layers, target);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

int64_t parameters_of(const Net& net) {
  int64_t total = 0;
  for (const SummaryRow& row : net.rows) total += row.trainable + row.non_trainable;
  return total;
}

at::Tensor forward(const Net& net, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  torch::jit::Module module = net.module;
  module.eval();
  return module.forward({x}).toTensor();
}

at::Tensor logits(const Net& net, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  torch::jit::Module module = net.module;
  module.eval();
  return module.get_method("logits")({x}).toTensor();
}

at::Tensor pictures(int64_t count, int64_t size) {
  at::manual_seed(3);
  return at::randint(256, {count, 3, size, size}, at::kByte);
}

constexpr const char* kFlatDense = R"({"kind": "flatten"}, {"kind": "dense"})";

}  // namespace

TEST_CASE("The seven recipes have Keras's numbers of parameters") {
  const std::vector<std::pair<std::string, int64_t>> counts{
      {"car-or-truck-convnet", 291405}, {"car-or-truck-convnet-valid", 245325}, {"car-or-truck-convnet-deep", 437453},
      {"cats-dogs-conv16", 25234242},   {"cats-dogs-conv32", 50468098},         {"cats-dogs-conv32x2", 12400930},
      {"cats-dogs-basic", 2962594},     {"cats-dogs-augmented", 6391426},       {"cats-dogs-preprocessed", 2962594}};
  for (const auto& row : counts) {
    const auto& name = row.first;
    const int64_t count = row.second;
    CAPTURE(name);
    const Recipe recipe = load_recipe(name, Json::object());
    const Net net = compile_net(recipe.model, {recipe.data.imgsz, 2, 42});
    CHECK(parameters_of(net) == count);
    int64_t numbers = 0;
    for (const at::Tensor& parameter : net.module.parameters()) numbers += parameter.numel();
    CHECK(numbers == count);
  }
}

TEST_CASE("The default recipe compiles for any number of classes, and its table adds up to its tensors") {
  const Recipe recipe = load_recipe(kDefaultRecipe, Json::object());
  for (int64_t classes : {2, 7}) {
    const Net net = compile_net(recipe.model, {recipe.data.imgsz, classes, 42});
    int64_t trainable = 0, listed = 0;
    for (const at::Tensor& parameter : net.module.parameters())
      trainable += parameter.requires_grad() ? parameter.numel() : 0;
    for (const SummaryRow& row : net.rows) listed += row.trainable;
    CHECK(trainable == listed);
    CHECK(net.units == classes);
  }
}

TEST_CASE("The table names layers as Keras does") {
  const Net net = layers_of(
      R"({"kind": "conv2d", "filters": 4}, {"kind": "conv2d", "filters": 5, "padding": "same"}, {"kind": "max_pool2d"},)" +
      std::string(kFlatDense));
  std::vector<std::string> lines;
  for (const SummaryRow& row : net.rows)
    lines.push_back(row.name + " " + row.kind + " " + keras_shape_text(row.output));
  CHECK(lines == std::vector<std::string>{"conv2d Conv2D (None, 6, 6, 4)", "conv2d_1 Conv2D (None, 6, 6, 5)",
                                          "max_pooling2d MaxPooling2D (None, 3, 3, 5)", "flatten Flatten (None, 45)",
                                          "dense Dense (None, 2)"});
}

TEST_CASE("Blocks repeat their layers with parameters and expressions") {
  const Net net = net_of(R"spec({
    "preprocess": "none",
    "blocks": {"bottleneck": {
      "parameters": {"filters": null, "expansion": 6, "alpha": 0.35},
      "layers": [
        {"kind": "conv2d", "filters": "$in * $expansion", "kernel": 1, "bias": false},
        {"kind": "conv2d", "filters": "divisible($filters * $alpha, 8)", "kernel": 1, "bias": false}]}},
    "layers": [{"kind": "bottleneck", "filters": 32, "repeat": 2},
               {"kind": "bottleneck", "filters": 64, "expansion": "max(1, 2)"},
               {"kind": "global_avg_pool2d"}, {"kind": "dense"}]})spec");
  std::vector<int64_t> filters;
  for (const SummaryRow& row : net.rows)
    if (row.kind == "Conv2D") filters.push_back(row.output[0]);
  // divisible(11.2, 8) = 16 (8 would lose more than a tenth), divisible(22.4, 8) = 24.
  CHECK(filters == std::vector<int64_t>{18, 16, 96, 16, 32, 24});
  CHECK(forward(net, pictures(2, 8)).sizes() == at::IntArrayRef({2, 2}));
}

TEST_CASE("Parameters of the net stand in its layers and its blocks, and a block's own come first") {
  const Net net = net_of(R"({"parameters": {"width": 4, "size": 3},
      "blocks": {"twice": {"parameters": {"size": 1}, "layers": [{"kind": "conv2d", "filters": "2 * $width", "kernel": "$size"}]}},
      "layers": [{"kind": "conv2d", "filters": "$width", "kernel": "$size"}, {"kind": "twice"}, {"kind": "flatten"}, {"kind": "dense"}]})");
  CHECK(net.rows[0].output == Shape{4, 6, 6});
  CHECK(net.rows[1].output == Shape{8, 6, 6});
}

TEST_CASE("A parameter may be a list or an object, of which items are taken") {
  const Net net =
      net_of(R"({"parameters": {"widths": [4, 6, 8], "at": {"last": 2}, "word": "last", "pairs": [[1, 2], [3, 4]]},
      "blocks": {"one": {"parameters": {"stage": null}, "layers": [{"kind": "conv2d", "filters": "$widths[$stage]", "kernel": 1}]}},
      "layers": [{"kind": "one", "stage": 0}, {"kind": "one", "stage": "$at[$word] - 1"},
                 {"kind": "conv2d", "filters": "2 * $widths[$pairs[0][1]] + $widths[$widths[0] - 3]", "kernel": "$pairs[0]"},
                 {"kind": "global_avg_pool2d"}, {"kind": "dense"}]})");
  CHECK(net.rows[0].output == Shape{4, 8, 8});
  CHECK(net.rows[1].output == Shape{6, 8, 8});
  CHECK(net.rows[2].output == Shape{22, 8, 7});
  const auto refusal = [](const std::string& filters) {
    return message_of([&] {
      net_of(R"({"parameters": {"widths": [4, 6], "name": "x"}, "layers": [{"kind": "conv2d", "filters": ")" + filters +
             "\"}]}");
    });
  };
  CHECK(contains(refusal("$widths[2]"), "$widths is [4,6], which has no [2]"));
  CHECK(contains(refusal("$widths[0.5]"), "which has no [0.5]"));
  CHECK(contains(refusal("$widths[0 - 1]"), "which has no [-1"));
  CHECK(contains(refusal("$widths[0"), "a ']' is missing"));
  CHECK(contains(refusal("1 + $widths"), "$widths is [4,6], not a number"));
  CHECK(contains(refusal("$name[0]"), "which has no [0]"));
}

TEST_CASE("A repeated layer has weights of its own each time") {
  const Net net = layers_of(R"({"kind": "conv2d", "filters": 3, "kernel": 1, "repeat": 3},)" + std::string(kFlatDense));
  CHECK(parameters_of(net) == 3 * 12 + 192 * 2 + 2);
  std::vector<at::Tensor> kernels;
  for (const at::Tensor& parameter : net.module.parameters())
    if (parameter.dim() == 4) kernels.push_back(parameter);
  REQUIRE(kernels.size() == 3);
  CHECK(largest_difference(kernels[0], kernels[1]) > 0);
  CHECK(parameters_of(layers_of(R"({"kind": "conv2d", "filters": 3, "repeat": 0},)" + std::string(kFlatDense))) ==
        192 * 2 + 2);
}

TEST_CASE("A residual adds its input, and a shortcut instead where there is one") {
  const at::Tensor x = pictures(1, 8).to(at::kFloat);
  // The main path doubles; pooling by 1 leaves a picture as it is.
  const std::string twice = R"({"kind": "rescale", "scale": 2})",
                    flat = R"(, {"kind": "flatten"}, {"kind": "dense", "units": 192, "bias": false})";
  const NetTarget target{{8, 8}, 192, 42};
  const Net plain = layers_of(R"({"kind": "residual", "layers": [)" + twice + "]}" + flat, target);
  const Net both =
      layers_of(R"({"kind": "residual", "layers": [)" + twice + R"(], "shortcut": [)" + twice + "]}" + flat, target);
  const Net none = layers_of(twice + flat, target);
  const auto with_kernel_of = [&](const Net& net) {
    const at::NoGradGuard no_grad;
    for (at::Tensor p : net.module.parameters()) p.copy_(at::eye(192));
    return logits(net, x);
  };
  const at::Tensor doubled = with_kernel_of(none);
  CHECK(largest_difference(with_kernel_of(plain), doubled * 1.5) < 1e-3);
  CHECK(largest_difference(with_kernel_of(both), doubled * 2) < 1e-3);
}

TEST_CASE("Branches are joined channel after channel") {
  const std::string branches = R"({"kind": "branches", "branches": [
      [{"kind": "rescale", "scale": 1}], [{"kind": "conv2d", "filters": 5, "kernel": 1}], [{"kind": "rescale", "scale": 3}]]})";
  const Net net = layers_of(
      branches + R"(, {"kind": "global_avg_pool2d"}, {"kind": "dense", "units": 11, "bias": false})", {{8, 8}, 11, 42});
  CHECK(net.rows[3].kind == "Concatenate");
  CHECK(net.rows[3].output == Shape{11, 8, 8});
  const at::NoGradGuard no_grad;
  for (at::Tensor p : net.module.parameters())
    if (p.dim() == 2) p.copy_(at::eye(11));
  const at::Tensor x = pictures(1, 8).to(at::kFloat), y = logits(net, x), mean = x.mean({2, 3});
  CHECK(largest_difference(y.narrow(1, 0, 3), mean) < 1e-3);
  CHECK(largest_difference(y.narrow(1, 8, 3), mean * 3) < 1e-3);
}

TEST_CASE("An impossible net is refused with layer, input shape and reason") {
  const std::string small = refusal(R"({"kind": "conv2d", "filters": 4, "kernel": 9},)" + std::string(kFlatDense));
  CHECK(contains(small, "model.layers[0] (conv2d): the window of 9x9 does not fit its input of 3 channels of 8x8"));
  CHECK(contains(small, "--imgsz"));
  CHECK(contains(refusal(R"({"kind": "dense"})"),
                 "model.layers[0] (dense): needs a vector, but its input is 3 channels of 8x8"));
  CHECK(contains(refusal(R"({"kind": "flatten"}, {"kind": "conv2d", "filters": 2},)" + std::string(kFlatDense)),
                 "layers[1] (conv2d): needs a feature map"));
  CHECK(contains(refusal(R"({"kind": "max_pool2d"})"), "not a vector"));
  CHECK(contains(refusal(R"({"kind": "flatten"}, {"kind": "dense", "units": 5})"), "5 units, but there are 2 classes"));
  CHECK(contains(refusal(R"({"kind": "flatten"}, {"kind": "dense", "units": 1})", {{8, 8}, 3, 1}),
                 "1 unit, but there are 3 classes"));
  CHECK(contains(refusal(R"({"kind": "flatten"}, {"kind": "dense", "units": 1, "activation": "softmax"})"),
                 "softmax over one unit"));
  CHECK(contains(refusal(R"({"kind": "residual", "layers": [{"kind": "max_pool2d"}]},)" + std::string(kFlatDense)),
                 "model.layers[0] (residual): cannot add 3 channels of 4x4 to 3 channels of 8x8"));
  CHECK(contains(refusal(R"({"kind": "branches", "branches": [[{"kind": "max_pool2d"}], [{"kind": "activation"}]]},)" +
                         std::string(kFlatDense)),
                 "cannot join branches"));
}

TEST_CASE("A mistyped kind, key or word is refused with the nearest one") {
  CHECK(contains(refusal(R"({"kind": "conv2"},)" + std::string(kFlatDense)),
                 "model.layers[0].kind: unknown layer kind 'conv2'; did you mean 'conv2d'?"));
  CHECK(contains(refusal(R"({"kind": "conv2d", "filters": 2, "stride": 2},)" + std::string(kFlatDense)),
                 "unknown key 'stride'; did you mean 'strides'?"));
  CHECK(contains(refusal(R"({"kind": "conv2d", "filters": 2, "activation": "rellu"},)" + std::string(kFlatDense)),
                 "did you mean 'relu'?"));
  CHECK(contains(refusal(R"({"kind": "residual", "layer": []},)" + std::string(kFlatDense)), "did you mean 'layers'?"));
  CHECK(contains(message_of([] { net_of(R"({"layer": []})"); }), "did you mean 'layers'?"));
  CHECK(contains(
      message_of([] { net_of(R"({"preprocess": "imagnet", "layers": [{"kind": "flatten"}, {"kind": "dense"}]})"); }),
      "did you mean 'imagenet'?"));
  CHECK(contains(
      message_of([] {
        net_of(
            R"({"blocks": {"stem": {"parameters": {"filters": 3}, "layers": [{"kind": "conv2d", "filters": "$filter"}]}},
                                            "layers": [{"kind": "stem"}, {"kind": "flatten"}, {"kind": "dense"}]})");
      }),
      "did you mean 'filters'?"));
}

TEST_CASE("Specs of any other form are refused as wrong usage") {
  for (
      const char* layers :
      {"", "3", "{}", R"({"kind": 3})", R"({"kind": "flatten"}, {"kind": "dense", "units": "two"})",
       R"({"kind": "conv2d"})", R"({"kind": "flatten", "repeat": -1}, {"kind": "dense"})",
       R"({"kind": "flatten", "name": "a b"}, {"kind": "dense"})",
       R"({"kind": "flatten"}, {"kind": "dense", "activation": 5})",
       R"({"kind": "flatten"}, {"kind": "activation", "function": 5})",
       R"({"kind": "residual"}, {"kind": "flatten"}, {"kind": "dense"})",
       R"({"kind": "residual", "layers": [{"kind": "activation"}], "activation": "rellu"}, {"kind": "flatten"}, {"kind": "dense"})",
       R"({"kind": "branches", "branches": 1}, {"kind": "flatten"}, {"kind": "dense"})"}) {
    CAPTURE(layers);
    CHECK_THROWS_AS(layers_of(layers), UsageError);
  }
  CHECK_THROWS_AS(net_of("[]"), UsageError);
  CHECK_THROWS_AS(net_of("{}"), UsageError);
  CHECK_THROWS_AS(net_of(R"({"blocks": 5, "layers": [{"kind": "stem"}]})"), UsageError);
  CHECK_THROWS_AS(
      net_of(
          R"({"blocks": {"a": {"layers": [{"kind": "a"}]}}, "layers": [{"kind": "a"}, {"kind": "flatten"}, {"kind": "dense"}]})"),
      UsageError);
  CHECK_THROWS_AS(net_of(R"({"preprocess": 5, "layers": [{"kind": "flatten"}, {"kind": "dense"}]})"), UsageError);
}

TEST_CASE("Blocks that repeat each other are refused soon, also where nothing is in the innermost") {
  for (const char* innermost : {R"({"kind": "activation"})", R"({"kind": "activation", "repeat": 0})"}) {
    CAPTURE(innermost);
    std::string blocks = std::string(R"("z": {"layers": [)") + innermost + "]}";
    for (const char* pair : {"yz", "xy", "wx", "vw"})
      blocks += std::string(R"(, ")") + pair[0] + R"(": {"layers": [{"kind": ")" + pair[1] + R"(", "repeat": 1000}]})";
    CHECK(contains(
        message_of([&] { net_of(R"({"blocks": {)" + blocks + R"(}, "layers": [{"kind": "v", "repeat": 1000}]})"); }),
        "more than 5,000 are not compiled"));
  }
}

TEST_CASE("Initial weights lie within Glorot's bound and fill it; biases are zero") {
  const Net net =
      layers_of(R"({"kind": "conv2d", "filters": 64, "kernel": 5, "groups": 1},)" + std::string(kFlatDense));
  for (const auto& parameter : net.module.named_parameters()) {
    CAPTURE(parameter.name);
    const double largest = parameter.value.abs().max().item<double>();
    if (parameter.value.dim() == 1) {
      CHECK(largest == 0);
      continue;
    }
    const bool kernel = parameter.value.dim() == 4;
    const double bound = std::sqrt(6.0 / (kernel ? 25 * 3 + 25 * 64 : 64 * 16 + 2));
    CHECK(largest <= bound);
    CHECK(largest > 0.99 * bound);
    CHECK(parameter.value.pow(2).mean().item<double>() == Approx(bound * bound / 3).epsilon(0.1));
  }
}

TEST_CASE("Initial weights depend on the seed and the layer's path alone") {
  const auto kernel = [](const Net& net) {
    return net.module.attr("head").toModule().attr("dense").toModule().attr("weight").toTensor();
  };
  const at::Tensor first = kernel(layers_of(kFlatDense));
  at::manual_seed(99);
  CHECK(largest_difference(first, kernel(layers_of(kFlatDense))) == 0);
  CHECK(largest_difference(first, kernel(layers_of(R"({"kind": "activation"}, {"kind": "dropout"},)" +
                                                   std::string(kFlatDense)))) == 0);
  CHECK(largest_difference(first, kernel(layers_of(kFlatDense, {{8, 8}, 2, 43}))) > 0);
  CHECK(largest_difference(glorot_uniform({4, 4}, {4, 4}, 1, "a"), glorot_uniform({4, 4}, {4, 4}, 1, "b")) > 0);
}

TEST_CASE("One sigmoid unit gives both probabilities, several give the softmax that is trained, which is the default") {
  const at::Tensor x = pictures(4, 8);
  const Net one = layers_of(
      R"({"kind": "rescale", "scale": 0.001}, {"kind": "flatten"}, {"kind": "dense", "units": 1, "activation": "sigmoid"})");
  const at::Tensor p = at::sigmoid(logits(one, x));
  CHECK(one.units == 1);
  CHECK(logits(one, x).sizes() == at::IntArrayRef({4, 1}));
  CHECK(largest_difference(forward(one, x), at::cat({1 - p, p}, 1)) == 0);
  const Net two = layers_of(
      R"({"kind": "rescale", "scale": 0.001}, {"kind": "flatten"}, {"kind": "dense", "units": 2}, {"kind": "activation", "function": "sigmoid"})");
  CHECK(largest_difference(forward(two, x), at::softmax(logits(two, x), 1)) == 0);
  const at::Tensor sigmoids = two.module.get_method("sigmoids")({x}).toTensor();
  CHECK(largest_difference(sigmoids, at::sigmoid(logits(two, x))) == 0);
  CHECK_FALSE(one.module.find_method("sigmoids"));
  // Both round to 1: the classes are told apart all the same.
  const at::Tensor sure = two.module.get_method("probabilities")({at::tensor({800.F, 900.F}).view({1, 2})}).toTensor();
  CHECK(largest_difference(sure, at::tensor({0.F, 1.F}).view({1, 2})) < 1e-30);
  const Net plain = layers_of(R"({"kind": "rescale", "scale": 0.001},)" + std::string(kFlatDense));
  CHECK(plain.activation == "softmax");
  CHECK(largest_difference(forward(plain, x), at::softmax(logits(plain, x), 1)) == 0);
}

TEST_CASE("Numbers that no net can have are refused by their key") {
  const auto refusal = [](const std::string& layer) {
    return message_of([&] { layers_of(layer + R"(, {"kind": "global_avg_pool2d"}, {"kind": "dense"})"); });
  };
  CHECK(
      contains(refusal(R"({"kind": "conv2d", "filters": 4, "strides": 2147483648})"), "strides: 2147483648 is out of"));
  CHECK(contains(refusal(R"({"kind": "conv2d", "filters": 4, "kernel": 1000000000, "padding": "same"})"), "kernel"));
  CHECK(
      contains(refusal(R"({"kind": "conv2d", "filters": 4, "dilation": 1000000000, "padding": "same"})"), "dilation"));
  CHECK(contains(refusal(R"({"kind": "conv2d", "filters": 4, "padding": 1000000000})"), "padding"));
  CHECK(contains(refusal(R"({"kind": "conv2d", "filters": 1000000, "kernel": 60000, "padding": "same"})"), "weights"));
  CHECK(
      contains(refusal(R"({"kind": "max_pool2d", "kernel": 1000000000, "strides": 1, "padding": "same"})"), "kernel"));
  CHECK(contains(refusal(R"({"kind": "avg_pool2d", "kernel": 2, "padding": 5})"), "smaller than the kernel"));
  CHECK(contains(refusal(R"({"kind": "rescale", "scale": 1e39})"), "scale: 1e+39 is out of range"));
  CHECK(contains(message_of([] {
                   layers_of(R"({"kind": "flatten"}, {"kind": "dense", "units": 1000000000000000000},
                                              {"kind": "dense"})");
                 }),
                 "weights"));
  CHECK(contains(message_of([] {
                   compile_net(Json::parse(R"({"blocks": {"a": {"layers": [{"kind": "activation", "repeat": 1000}]},
      "b": {"layers": [{"kind": "a", "repeat": 1000}]}}, "layers": [{"kind": "b"}, {"kind": "flatten"}, {"kind": "dense"}]})"),
                               {{8, 8}, 2, 1});
                 }),
                 "more than 5,000"));
}

TEST_CASE("Of a last layer that is repeated, only the last turn gives logits") {
  const at::Tensor x = pictures(4, 8);
  const std::string before = R"({"kind": "rescale", "scale": 0.01}, {"kind": "flatten"}, )";
  const Net repeated = layers_of(before + R"({"kind": "dense", "units": 2, "activation": "sigmoid", "repeat": 3})");
  const Net written = layers_of(before + R"({"kind": "dense", "units": 2, "activation": "sigmoid"},
    {"kind": "dense", "units": 2, "activation": "sigmoid"}, {"kind": "dense", "units": 2, "activation": "sigmoid"})");
  CHECK(largest_difference(logits(repeated, x), logits(written, x)) == 0);
  CHECK(repeated.activation == "sigmoid");
}

TEST_CASE("A picture of another size is an error of a frozen net too, not its end") {
  const Net net = compile_net(load_recipe(kDefaultRecipe, Json::object()).model, {{64, 64}, 2, 1});
  const Predictor predictor(net.module, at::kCPU, at::kFloat);
  CHECK(predictor.run(pictures(2, 64)).logits.size(0) == 2);
  for (int64_t size : {3, 20, 40, 72, 200}) {
    CAPTURE(size);
    CHECK_THROWS_AS(predictor.run(pictures(2, size)), std::exception);
  }
}

TEST_CASE("Preprocessing is inside the net and means what its word says") {
  const at::Tensor x = pictures(2, 8), pixels = x.to(at::kFloat);
  const auto channel = [&](const at::Tensor& t, int64_t c) { return t.narrow(1, c, 1); };
  for (const auto& row : preprocess_words()) {
    const std::string& word = row.first;
    CAPTURE(word);
    const Net net = net_of(R"({"preprocess": ")" + word + R"(", "layers": [{"kind": "flatten"}, {"kind": "dense"}]})");
    torch::jit::Module module = net.module.attr("preprocess").toModule();
    const at::Tensor y = module.forward({x}).toTensor();
    at::Tensor expected = pixels;
    if (word == "unit") expected = pixels / 255;
    if (word == "symmetric") expected = pixels / 127.5 - 1;
    if (word == "imagenet")
      expected = at::cat({(channel(pixels, 0) / 255 - 0.485) / 0.229, (channel(pixels, 1) / 255 - 0.456) / 0.224,
                          (channel(pixels, 2) / 255 - 0.406) / 0.225},
                         1);
    if (word == "caffe")
      expected = at::cat({channel(pixels, 2) - 103.939, channel(pixels, 1) - 116.779, channel(pixels, 0) - 123.68}, 1);
    CHECK(largest_difference(y, expected) < 1e-5);
    CHECK(largest_difference(y, module.forward({pixels}).toTensor()) == 0);
  }
}

TEST_CASE("The table of layer kinds is alphabetical, documented and builds from its defaults") {
  std::string previous;
  for (const LayerKind& kind : layer_kinds()) {
    CAPTURE(kind.name);
    CHECK(previous < kind.name);
    previous = kind.name;
    CHECK_FALSE(std::string(kind.help).empty());
    Json defaults = Json::object();
    kind.defaults(defaults);
    // What has no default has to be said.
    if (defaults.contains("filters")) defaults["filters"] = 4;
    if (defaults.contains("heads")) defaults["heads"] = 2;
    defaults["kind"] = kind.name;
    const std::string name = kind.name;
    const bool takes_tokens = name == "class_token" || name == "multi_head_attention";
    const Shape input = name == "dense" ? Shape{6} : takes_tokens ? Shape{4, 9} : Shape{4, 9, 9};
    const BuiltLayer layer = build_layer(defaults.dump(), input);
    const auto sizes_of = [](const Shape& shape) {
      std::vector<int64_t> sizes{2};
      sizes.insert(sizes.end(), shape.begin(), shape.end());
      if (is_tokens(shape)) std::swap(sizes[1], sizes[2]);
      return sizes;
    };
    const at::Tensor x = at::rand(sizes_of(input));
    const std::vector<int64_t> sizes = sizes_of(layer.output);
    CHECK(run_layer(layer, x).sizes() == at::IntArrayRef(sizes));
  }
}
