// The keys of every layer kind at their defaults. Free of LibTorch; model/layers/layer_kinds.cpp attaches the
// functions.
#pragma once

#include <nlohmann/json.hpp>

#include "base/fields.h"

namespace cvtool {

inline const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names{"linear", "relu",       "relu6", "sigmoid",      "softmax",    "tanh",
                                              "elu",    "leaky_relu", "silu",  "hard_sigmoid", "hard_swish", "gelu"};
  return names;
}

struct Conv2dFields {
  int64_t filters = 0;
  Json kernel = 3, strides = 1, padding = "valid", dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::string activation = "linear";
};
template <class Visitor>
void fields(Conv2dFields& c, Visitor&& visit) {
  visit("filters", c.filters, Doc("number of output channels; must be given").range(1, 1 << 20));
  visit("kernel", c.kernel, Doc("size of the window, N or [height, width]"));
  visit("strides", c.strides, Doc("step of the window, N or [height, width]"));
  visit("padding", c.padding, Doc("same, valid, N, [height, width] or [top, bottom, left, right]"));
  visit("dilation", c.dilation, Doc("distance of the window's taps, N or [height, width]"));
  visit("groups", c.groups, Doc("channels are convolved in this many separate groups").range(1, 1 << 20));
  visit("bias", c.bias, Doc("add a number per channel"));
  visit("activation", c.activation, Doc("function applied to the result").words(activation_names()));
}

struct DepthwiseConv2dFields {
  Json kernel = 3, strides = 1, padding = "valid", dilation = 1;
  int64_t depth_multiplier = 1;
  bool bias = true;
  std::string activation = "linear";
};
template <class Visitor>
void fields(DepthwiseConv2dFields& c, Visitor&& visit) {
  visit("kernel", c.kernel, Doc("size of the window, N or [height, width]"));
  visit("strides", c.strides, Doc("step of the window, N or [height, width]"));
  visit("padding", c.padding, Doc("same, valid, N, [height, width] or [top, bottom, left, right]"));
  visit("dilation", c.dilation, Doc("distance of the window's taps, N or [height, width]"));
  visit("depth_multiplier", c.depth_multiplier, Doc("output channels for each input channel").range(1, 1024));
  visit("bias", c.bias, Doc("add a number per channel"));
  visit("activation", c.activation, Doc("function applied to the result").words(activation_names()));
}

struct Pool2dFields {
  Json kernel = 2, strides = nullptr, padding = "valid";
  bool ceil_mode = false;
};
template <class Visitor>
void fields(Pool2dFields& c, Visitor&& visit) {
  visit("kernel", c.kernel, Doc("size of the window, N or [height, width]"));
  visit("strides", c.strides, Doc("step of the window; null: the kernel's size"));
  visit("padding", c.padding, Doc("same, valid, N, [height, width] or [top, bottom, left, right]"));
  visit("ceil_mode", c.ceil_mode, Doc("keep a last window that hangs over the end"));
}

struct BatchNormFields {
  double momentum = 0.99, epsilon = 1e-3;
  bool scale = true, center = true;
  std::string activation = "linear";
};
template <class Visitor>
void fields(BatchNormFields& c, Visitor&& visit) {
  visit("momentum", c.momentum, Doc("new statistic = momentum * old + (1 - momentum) * batch").range(0, 1));
  visit("epsilon", c.epsilon, Doc("added to the variance").range(0, 1).above_low());
  visit("scale", c.scale, Doc("learn a factor a channel (gamma)"));
  visit("center", c.center, Doc("learn an offset a channel (beta)"));
  visit("activation", c.activation, Doc("function applied to the result").words(activation_names()));
}

struct LayerNormFields {
  double epsilon = 1e-3;
  bool scale = true, center = true;
};
template <class Visitor>
void fields(LayerNormFields& c, Visitor&& visit) {
  visit("epsilon", c.epsilon, Doc("added to the variance").range(0, 1).above_low());
  visit("scale", c.scale, Doc("learn a factor a channel (gamma)"));
  visit("center", c.center, Doc("learn an offset a channel (beta)"));
}

struct LayerScaleFields {
  double initial = 1e-6;
};
template <class Visitor>
void fields(LayerScaleFields& c, Visitor&& visit) {
  visit("initial", c.initial, Doc("the factors at the start").range(0, 1000));
}

struct TokensFields {
  bool class_token = true;
  Json grid = nullptr;
  bool antialias = true;
  double offset = 0;
};
template <class Visitor>
void fields(TokensFields& c, Visitor&& visit) {
  visit("class_token", c.class_token, Doc("put a learned token in front"));
  visit("grid", c.grid, Doc("how many positions are learned, N or [height, width]; null: those of the input"));
  visit("antialias", c.antialias, Doc("interpolate positions to a smaller grid with a wider window"));
  visit("offset", c.offset, Doc("added to the sides of the grid that positions are interpolated to").range(0, 0.5));
}

struct MultiHeadAttentionFields {
  int64_t heads = 0;
  bool bias = true;
};
template <class Visitor>
void fields(MultiHeadAttentionFields& c, Visitor&& visit) {
  visit("heads", c.heads, Doc("the channels are attended in this many groups; must be given").range(1, 4096));
  visit("bias", c.bias, Doc("add a number per channel to queries, keys, values and the result"));
}

struct DenseFields {
  Json units = nullptr;
  bool bias = true;
  std::string activation = "linear";
};
template <class Visitor>
void fields(DenseFields& c, Visitor&& visit) {
  visit("units", c.units, Doc("number of outputs; null: the number of classes"));
  visit("bias", c.bias, Doc("add a number an output"));
  visit("activation", c.activation, Doc("function applied to the result").words(activation_names()));
}

struct LrnFields {
  int64_t size = 5;
  double alpha = 1e-4, beta = 0.75, k = 1.0;
};
template <class Visitor>
void fields(LrnFields& c, Visitor&& visit) {
  visit("size", c.size, Doc("number of neighbouring channels, an odd number").range(1, 255));
  visit("alpha", c.alpha, Doc("weight of the mean square of the neighbours").range(0, 1e6));
  visit("beta", c.beta, Doc("exponent").range(0, 100));
  visit("k", c.k, Doc("added to the weighted mean square").range(1e-6, 1e6));
}

struct DropoutFields {
  double rate = 0.5;
};
template <class Visitor>
void fields(DropoutFields& c, Visitor&& visit) {
  visit("rate", c.rate, Doc("fraction of the values set to zero, in training only").range(0, 0.999));
}

struct ActivationFields {
  std::string function = "relu";
  double negative_slope = 0.3;
  double alpha = 1.0;
};
template <class Visitor>
void fields(ActivationFields& c, Visitor&& visit) {
  visit("function", c.function, Doc("which function").words(activation_names()));
  visit("negative_slope", c.negative_slope, Doc("slope below zero (leaky_relu)").range(0, 10));
  visit("alpha", c.alpha, Doc("limit below zero (elu)").range(0, 10));
}

struct RescaleFields {
  Json scale = 1.0, offset = 0.0;
  std::string channels = "rgb";
};
template <class Visitor>
void fields(RescaleFields& c, Visitor&& visit) {
  visit("scale", c.scale, Doc("y = x * scale + offset; a number or one per channel"));
  visit("offset", c.offset, Doc("a number or one per channel"));
  visit("channels", c.channels, Doc("order of the channels after the layer").words({"rgb", "bgr"}));
}

struct SqueezeExciteFields {
  int64_t filters = 0;
  std::string activation = "relu", gate = "sigmoid";
};
template <class Visitor>
void fields(SqueezeExciteFields& c, Visitor&& visit) {
  visit("filters", c.filters, Doc("number of channels in between; must be given").range(1, 1 << 20));
  visit("activation", c.activation, Doc("function applied to the channels in between").words(activation_names()));
  visit("gate", c.gate, Doc("function that gives the factors").words(activation_names()));
}

struct StochasticDepthFields {
  double rate = 0.1;
};
template <class Visitor>
void fields(StochasticDepthFields& c, Visitor&& visit) {
  visit("rate", c.rate, Doc("fraction of the rows set to zero, in training only").range(0, 0.999));
}

struct NoFields {};
template <class Visitor>
void fields(NoFields&, Visitor&&) {}

// The keys of what holds layers instead of weights, at their defaults. Free of LibTorch.

struct ResidualFields {
  Json layers = Json(), shortcut = Json();
  bool if_same_shape = false;
  std::string activation = "linear";
};
template <class Visitor>
void fields(ResidualFields& c, Visitor&& visit) {
  visit("layers", c.layers, Doc("the main path"));
  visit("shortcut", c.shortcut, Doc("layers of the other path; null: the input as it is"));
  visit("if_same_shape", c.if_same_shape, Doc("leave the addition out where the shapes differ"));
  visit("activation", c.activation, Doc("function applied to the sum").words(activation_names()));
}

struct BranchesFields {
  Json branches = Json();
};
template <class Visitor>
void fields(BranchesFields& c, Visitor&& visit) {
  visit("branches", c.branches, Doc("lists of layers; their outputs are joined channel after channel"));
}

struct BlockFields {
  Json parameters = Json::object(), layers = Json();
};
template <class Visitor>
void fields(BlockFields& c, Visitor&& visit) {
  visit("parameters", c.parameters, Doc("names and defaults; null: must be given where the block is used"));
  visit("layers", c.layers, Doc("the layers; \"$name\" stands for a parameter, \"$in\" for the input's channels"));
}

}  // namespace cvtool
