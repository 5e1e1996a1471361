#include "explain/layer_costs.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "explain/nets.h"

using namespace cvtool;

namespace {

std::vector<LayerCost> costs_of(const Net& net, int64_t imgsz) {
  std::vector<std::string> names;
  for (const SummaryRow& row : net.rows) names.push_back(row.name);
  return layer_costs(FlatNet(net.module), names, some_pictures(1, imgsz));
}

std::string text_of(const std::optional<ReceptiveField>& field) {
  if (!field) return "none";
  if (field->whole) return "whole";
  const auto pair = [](const std::array<int64_t, 2>& p) { return std::to_string(p[0]) + "x" + std::to_string(p[1]); };
  return pair(field->size) + " stride " + pair(field->stride) + " from " + pair(field->first);
}

std::vector<std::string> fields_of(const std::string& layers, int64_t imgsz = 32) {
  std::vector<std::string> texts;
  for (const LayerCost& cost : costs_of(net_of_layers(layers, imgsz), imgsz)) texts.push_back(text_of(cost.field));
  return texts;
}

// Convolutions of VGG16 (Simonyan and Zisserman, 2015, configuration D), narrow.
std::string vgg16() {
  std::string layers;
  for (int count : {2, 2, 3, 3, 3})
    layers += R"({"kind": "conv2d", "filters": 2, "padding": "same", "activation": "relu", "repeat": )" +
              std::to_string(count) + R"(}, {"kind": "max_pool2d"},)";
  return layers + R"({"kind": "flatten"}, {"kind": "dense"})";
}

}  // namespace

TEST_CASE("Two convolutions of 3x3 see 5x5") {
  const auto fields = fields_of(
      R"({"kind": "conv2d", "filters": 2}, {"kind": "conv2d", "filters": 2}, {"kind": "flatten"}, {"kind": "dense"})");
  CHECK(fields == std::vector<std::string>{"3x3 stride 1x1 from 0x0", "5x5 stride 1x1 from 0x0", "whole", "whole"});
}

TEST_CASE("VGG16's last convolution sees 196 pixels, its last pooling 212") {
  const auto costs = costs_of(net_of_layers(vgg16(), 32), 32);
  REQUIRE(costs.size() == 20);
  CHECK(costs[16].field->size == std::array<int64_t, 2>{196, 196});
  CHECK(costs[16].field->stride == std::array<int64_t, 2>{16, 16});
  CHECK(costs[17].field->size == std::array<int64_t, 2>{212, 212});
  CHECK(costs[17].field->stride == std::array<int64_t, 2>{32, 32});
}

TEST_CASE("Strides, dilation, uneven windows and padding, worked by hand") {
  // 5x3 stride 2x1, padding 2x1: sees 5x3, from -2x-1. Then 3x3 dilated 2 (spans 5x5): 5 + 4*2 = 13 by 3 + 4*1 = 7.
  // Then a pooling of 2 stride 2: 13 + 1*2 = 15 by 7 + 1*1 = 8, strides 4x2. Then 3x3 same at stride 2 on 6x14: the odd
  // pixel is after, so 0 before: 15 + 2*4 = 23 by 8 + 2*2 = 12.
  const auto fields = fields_of(R"(
      {"kind": "conv2d", "filters": 2, "kernel": [5, 3], "strides": [2, 1], "padding": [2, 1]},
      {"kind": "conv2d", "filters": 2, "dilation": 2},
      {"kind": "max_pool2d"},
      {"kind": "conv2d", "filters": 2, "strides": 2, "padding": "same"},
      {"kind": "global_avg_pool2d"}, {"kind": "dense"})");
  CHECK(fields == std::vector<std::string>{"5x3 stride 2x1 from -2x-1", "13x7 stride 2x1 from -2x-1",
                                           "15x8 stride 4x2 from -2x-1", "23x12 stride 8x4 from -2x-1", "whole",
                                           "whole"});
}

TEST_CASE("A value changes with the pixels of its receptive field and with no other") {
  const Net net =
      net_of_layers(R"({"kind": "conv2d", "filters": 3, "kernel": [5, 3], "strides": [2, 1], "padding": [2, 1]},
      {"kind": "residual", "shortcut": [{"kind": "conv2d", "filters": 2, "kernel": 1}], "layers": [{"kind": "conv2d", "filters": 2, "dilation": 2, "padding": "same"}]},
      {"kind": "avg_pool2d"}, {"kind": "conv2d", "filters": 2, "strides": 2, "padding": "same"},
      {"kind": "flatten"}, {"kind": "dense"})");
  const FlatNet flat(net.module);
  const auto cost = layer_costs(flat, {"conv2d_1"}, some_pictures(1)).at(0);
  const ReceptiveField field = *cost.field;
  const at::Tensor x = some_pictures(1).to(at::kFloat).set_requires_grad(true);
  const auto graph = flat.graph()->copy();
  const at::Tensor map = flat.run(graph, x).at(flat.layers()[flat.find("conv2d_1")].output);
  for (int64_t i : {0, 1, 3}) {
    map[0].select(1, i).select(1, i).sum().backward({}, true);
    const at::Tensor seen = x.grad().abs().sum(1)[0];
    const at::Tensor rows = seen.sum(1).nonzero(), columns = seen.sum(0).nonzero();
    for (size_t axis = 0; axis < 2; ++axis) {
      const at::Tensor& places = axis == 0 ? rows : columns;
      const int64_t first = field.first[axis] + i * field.stride[axis];
      CHECK(places.min().item<int64_t>() == std::max<int64_t>(0, first));
      CHECK(places.max().item<int64_t>() == std::min<int64_t>(31, first + field.size[axis] - 1));
    }
    x.mutable_grad().reset();
  }
}

TEST_CASE("Multiply-adds and memory, worked by hand") {
  const Net net = net_of_layers(
      R"({"kind": "conv2d", "filters": 8, "padding": "same", "activation": "relu"}, {"kind": "max_pool2d"},
      {"kind": "depthwise_conv2d", "padding": "same"}, {"kind": "flatten"}, {"kind": "dropout"}, {"kind": "dense", "units": 10, "activation": "relu"}, {"kind": "dense"})");
  const auto costs = costs_of(net, 32);
  CHECK(costs[0].macs == 32 * 32 * 8 * 27);
  CHECK(costs[0].activation_bytes == 32 * 32 * 8 * 4);  // ReLU works in place
  CHECK(costs[1].macs == 0);
  CHECK(costs[1].activation_bytes == 16 * 16 * 8 * 4);
  CHECK(costs[2].macs == 16 * 16 * 8 * 9);
  CHECK(costs[4].activation_bytes == 0);  // dropout passes its input on
  CHECK(costs[5].macs == 2048 * 10);
  CHECK(costs[6].macs == 20);
}

TEST_CASE("Composites, blocks and their batch norms are found by the names of the summary") {
  const Net net = net_of_layers(R"(
      {"kind": "branches", "branches": [[{"kind": "conv2d", "filters": 2, "padding": "same"}], [{"kind": "conv2d", "filters": 2, "kernel": 5, "padding": "same"}, {"kind": "batch_norm"}]]},
      {"kind": "residual", "activation": "relu", "shortcut": [{"kind": "conv2d", "filters": 3, "kernel": 1}], "layers": [{"kind": "conv2d", "filters": 3, "padding": "same"}, {"kind": "batch_norm"}]},
      {"kind": "global_max_pool2d"}, {"kind": "dense"})");
  const auto costs = costs_of(net, 32);
  for (size_t i = 0; i < costs.size(); ++i) {
    CAPTURE(net.rows[i].name);
    CHECK(costs[i].field.has_value());
  }
  CHECK(net.rows[3].name == "branches/concatenate");
  CHECK(text_of(costs[3].field) == "5x5 stride 1x1 from -2x-2");
  CHECK(net.rows[7].name == "residual/add");
  CHECK(text_of(costs[7].field) == "7x7 stride 1x1 from -3x-3");
}

TEST_CASE("Norms over channels and tokens see what their pixel sees, until attention mixes them") {
  const Net net = net_of_layers(R"(
      {"kind": "conv2d", "filters": 6, "kernel": 4, "strides": 4}, {"kind": "layer_norm"}, {"kind": "layer_scale"},
      {"kind": "conv2d", "filters": 8, "kernel": 2, "strides": 2}, {"kind": "tokens"}, {"kind": "layer_norm"},
      {"kind": "dense", "units": 12}, {"kind": "multi_head_attention", "heads": 3}, {"kind": "class_token"}, {"kind": "dense"})");
  const auto costs = costs_of(net, 32);
  std::vector<std::string> fields;
  for (const LayerCost& cost : costs) fields.push_back(text_of(cost.field));
  const std::string four = "4x4 stride 4x4 from 0x0", eight = "8x8 stride 8x8 from 0x0";
  CHECK(fields == std::vector<std::string>{four, four, four, eight, eight, eight, eight, "whole", "whole", "whole"});
  CHECK(costs[6].macs == 17 * 8 * 12);
  CHECK(costs[7].macs == 4 * 17 * 12 * 12 + 2 * 17 * 17 * 12);  // four dense layers; how tokens match, and their sum
}
