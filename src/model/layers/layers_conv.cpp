#include <ATen/ATen.h>

#include "base/error.h"
#include "base/text.h"
#include "model/layers/initializers.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {

void check_weights(const LayerContext& context, const std::vector<double>& sizes) {
  constexpr double kMost = 2147483648.0;
  double weights = 1;
  for (const double size : sizes) weights *= size;
  if (weights > context.most_weights)
    throw UsageError(context.place + "would have " + significant(weights, 3) + " weights, more than there are");
  if (weights > kMost)
    throw UsageError(
        context.place + "would have " + significant(weights, 3) +
        " weights; at most 2,147,483,648 are possible, so use fewer filters or units, or a smaller kernel");
}

namespace {

// A convolution with everything decided: channels, groups and window.
struct Convolution {
  int64_t filters, groups;
  Window window;
  bool bias;
  std::string activation;
  Fans fans;
};

// How the window is padded: by the convolution itself, or by a padding of its own before.
struct ConvolutionPadding {
  std::string lines;           // before the convolution
  std::string by_convolution;  // what it pads itself
};

// The convolution pads both sides alike; TensorFlow's odd pixel needs a padding of its own. So does a window with a
// weight that meets padding only: oneDNN 2.6 and 3.7 leave the bfloat16 gradient of such a weight unwritten.
ConvolutionPadding convolution_padding(const Window& w, const LayerContext& context) {
  const std::string nothing = script_list({0, 0});
  const ScriptPadding padding = script_padding(w, context);
  const std::string pad = "    x = torch.constant_pad_nd(x, " + padding.sides + ", 0.)\n";
  if (!w.symmetric() || (context.any_size && w.follows_size)) return {padding.lines + pad, nothing};
  if (w.before == std::array<int64_t, 2>{0, 0}) return {"", nothing};
  if (!context.any_size) {
    if (every_tap_meets_input(w, context.input)) return {"", script_list(w.before)};
    return {pad, nothing};
  }
  // Of an input that holds a window and a step more, every weight meets some.
  std::string small;
  for (size_t axis = 0; axis < 2; ++axis)
    small += (axis == 0 ? "x.size(2) < " : " or x.size(3) < ") +
             std::to_string((w.kernel[axis] - 1) * w.dilation[axis] + 1 + w.strides[axis]);
  return {"    padding = " + script_list(w.before) + "\n    if " + small + ":\n    " + pad +
              "        padding = " + nothing + "\n",
          "padding"};
}

BuiltLayer build_convolution(const Convolution& c, const LayerContext& context, const char* class_name) {
  BuiltLayer layer{new_module(context, class_name), {c.filters, c.window.output[0], c.window.output[1]}};
  const std::array<int64_t, 4> shape{c.filters, context.input[0] / c.groups, c.window.kernel[0], c.window.kernel[1]};
  check_weights(context, {shape.begin(), shape.end()});
  const at::Tensor weight = glorot_uniform(shape, c.fans, context.seed, context.path);
  layer.module.register_parameter("weight", weight.set_requires_grad(true), false);
  layer.trainable = weight.numel();
  if (c.bias) {
    layer.module.register_parameter("bias", at::zeros({c.filters}).set_requires_grad(true), false);
    layer.trainable += c.filters;
  }
  const Window& w = c.window;
  std::string body = "def forward(self, x):\n";
  const ConvolutionPadding padding = convolution_padding(w, context);
  body += padding.lines;
  // Several filters per channel: with the channels last oneDNN 3.7 (Debian 13) gives wrong values for more than one
  // picture.
  if (c.groups == context.input[0] && c.filters > c.groups) body += "    x = x.contiguous()\n";
  body += "    x = torch.conv2d(x, self.weight, " + std::string(c.bias ? "self.bias" : "None") + ", " +
          script_list(w.strides) + ", " + padding.by_convolution + ", " + script_list(w.dilation) + ", " +
          std::to_string(c.groups) + ")\n";
  body += "    return " + activation_expression(c.activation, true) + "\n";
  layer.module.define(body);
  return layer;
}

}  // namespace

BuiltLayer build_conv2d(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<Conv2dFields>(spec, context);
  if (f.filters == 0) throw UsageError(context.place + "filters: must be given, the number of output channels");
  Convolution c{f.filters,
                f.groups,
                window_from_spec({f.kernel, f.strides, f.padding, f.dilation}, context.input, context.place),
                f.bias,
                f.activation,
                {}};
  const int64_t channels = context.input[0];
  if (channels % f.groups != 0 || f.filters % f.groups != 0)
    throw UsageError(context.place + "groups: " + std::to_string(f.groups) + " must divide the " +
                     std::to_string(channels) + " input channels and the " + std::to_string(f.filters) + " filters");
  const int64_t area = c.window.kernel[0] * c.window.kernel[1];
  c.fans = {area * (channels / f.groups), area * f.filters};
  return build_convolution(c, context, "Conv2D");
}

BuiltLayer build_depthwise_conv2d(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<DepthwiseConv2dFields>(spec, context);
  Convolution c{0,
                0,
                window_from_spec({f.kernel, f.strides, f.padding, f.dilation}, context.input, context.place),
                f.bias,
                f.activation,
                {}};
  c.groups = context.input[0];
  c.filters = c.groups * f.depth_multiplier;
  // Keras's kernel is [kh, kw, channels, multiplier]: its fans are read off the last two axes.
  const int64_t area = c.window.kernel[0] * c.window.kernel[1];
  c.fans = {area * c.groups, area * f.depth_multiplier};
  return build_convolution(c, context, "DepthwiseConv2D");
}

BuiltLayer dense_layer(const DensePlan& plan, const LayerContext& context) {
  const int64_t features = context.input[0], units = plan.units;
  check_weights(context, {static_cast<double>(units), static_cast<double>(features)});
  BuiltLayer layer{new_module(context, "Dense"), context.input};
  layer.output[0] = units;
  const at::Tensor weight = glorot_uniform({units, features}, plan.fans, context.seed, context.path);
  layer.module.register_parameter("weight", weight.set_requires_grad(true), false);
  layer.trainable = weight.numel();
  if (plan.bias) {
    layer.module.register_parameter("bias", at::zeros({units}).set_requires_grad(true), false);
    layer.trainable += units;
  }
  layer.module.define("def forward(self, x):\n    x = torch.linear(x, self.weight, " +
                      std::string(plan.bias ? "self.bias" : "None") + ")\n    return " + plan.activation + "\n");
  return layer;
}

BuiltLayer build_dense(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<DenseFields>(spec, context);
  if (context.input.size() == 3)
    throw UsageError(context.place + "needs a vector, but its input is " + shape_text(context.input) +
                     "; put a flatten or a global pooling layer before it");
  int64_t units = context.classes;
  if (!f.units.is_null()) {
    if (!f.units.is_number_integer() || f.units.get<int64_t>() < 1)
      throw UsageError(context.place +
                       "units: must be an integer of at least 1, or null for the number of classes, not " +
                       f.units.dump());
    units = f.units.get<int64_t>();
  }
  return dense_layer(
      {units, f.bias, {context.input[0], units}, activation_expression(f.activation, true, context.input)}, context);
}

}  // namespace cvtool
