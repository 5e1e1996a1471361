#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {
namespace {

template <class Fields>
void defaults_of(Json& object) {
  write_fields(Fields{}, object);
}

struct Activation {
  const char* name;
  const char* expression;
};

// Keras's definitions: leaky_relu as an activation has slope 0.2, gelu is exact (erf).
constexpr Activation kActivations[] = {
    {"linear", "x"},
    {"relu", "torch.relu(x)"},
    {"relu6", "torch.clamp(x, 0., 6.)"},  // hardtanh has no bfloat16 gradient on a CPU in LibTorch 1.13
    {"sigmoid", "torch.sigmoid(x)"},
    {"softmax", "torch.softmax(x, 1)"},
    {"tanh", "torch.tanh(x)"},
    {"elu", "torch.elu(x)"},
    {"leaky_relu", "torch.leaky_relu(x, 0.2)"},
    {"silu", "torch.silu(x)"},
    {"hard_sigmoid", "torch.hardsigmoid(x)"},
    {"hard_swish", "torch.hardswish(x)"},
    {"gelu", "torch.gelu(x)"},
};

}  // namespace

const std::vector<LayerKind>& layer_kinds() {
  static const std::vector<LayerKind> kinds{
      {"activation", "Activation", "activation", "a function of each value", build_activation,
       defaults_of<ActivationFields>},
      {"avg_pool2d", "AveragePooling2D", "average_pooling2d", "mean of each window; padding is not counted",
       build_avg_pool2d, defaults_of<Pool2dFields>},
      {"batch_norm", "BatchNormalization", "batch_normalization", "normalises each channel over the batch",
       build_batch_norm, defaults_of<BatchNormFields>},
      {"class_token", "ClassToken", "class_token", "tokens to vector: the first token", build_class_token,
       defaults_of<NoFields>},
      {"conv2d", "Conv2D", "conv2d", "convolution", build_conv2d, defaults_of<Conv2dFields>},
      {"dense", "Dense", "dense", "fully connected layer", build_dense, defaults_of<DenseFields>},
      {"depthwise_conv2d", "DepthwiseConv2D", "depthwise_conv2d", "convolution of each channel by itself",
       build_depthwise_conv2d, defaults_of<DepthwiseConv2dFields>},
      {"dropout", "Dropout", "dropout", "sets random values to zero in training", build_dropout,
       defaults_of<DropoutFields>},
      {"flatten", "Flatten", "flatten", "feature map to vector, in the order height, width, channel", build_flatten,
       defaults_of<NoFields>},
      {"global_avg_pool2d", "GlobalAveragePooling2D", "global_average_pooling2d", "mean of each channel",
       build_global_avg_pool2d, defaults_of<NoFields>},
      {"global_max_pool2d", "GlobalMaxPooling2D", "global_max_pooling2d", "largest value of each channel",
       build_global_max_pool2d, defaults_of<NoFields>},
      {"layer_norm", "LayerNormalization", "layer_normalization", "normalises the channels of each pixel or token",
       build_layer_norm, defaults_of<LayerNormFields>},
      {"layer_scale", "LayerScale", "layer_scale", "multiplies each channel by a learned factor", build_layer_scale,
       defaults_of<LayerScaleFields>},
      {"lrn", "LocalResponseNormalization", "lrn",
       "divides each value by a power of its neighbouring channels' mean square", build_lrn, defaults_of<LrnFields>},
      {"max_pool2d", "MaxPooling2D", "max_pooling2d", "largest value of each window", build_max_pool2d,
       defaults_of<Pool2dFields>},
      {"multi_head_attention", "MultiHeadAttention", "multi_head_attention",
       "mixes tokens by how they match each other", build_multi_head_attention, defaults_of<MultiHeadAttentionFields>},
      {"rescale", "Rescaling", "rescaling", "y = x * scale + offset", build_rescale, defaults_of<RescaleFields>},
      {"squeeze_excite", "SqueezeExcite", "squeeze_excite", "scales each channel by what all channels' means say",
       build_squeeze_excite, defaults_of<SqueezeExciteFields>},
      {"stochastic_depth", "StochasticDepth", "stochastic_depth", "sets random rows to zero in training",
       build_stochastic_depth, defaults_of<StochasticDepthFields>},
      {"tokens", "Tokens", "tokens", "feature map to tokens: a vector a pixel, with its learned position added",
       build_tokens, defaults_of<TokensFields>},
  };
  return kinds;
}

torch::jit::Module new_module(const LayerContext& context, const std::string& class_name) {
  torch::jit::Module module(c10::QualifiedName("__torch__.cvtool." + class_name), context.unit, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), true);
  return module;
}

std::string activation_expression(const std::string& name, bool fresh, const Shape& shape) {
  if (is_tokens(shape) && name == "softmax") return "torch.softmax(x, 2)";
  // The result of a convolution or dense layer is not needed again: ReLU in place saves a pass over memory.
  if (fresh && name == "relu") return "torch.relu_(x)";
  for (const auto& activation : kActivations)
    if (name == activation.name) return activation.expression;
  throw UsageError("unknown activation '" + name + "'");
}

std::string script_list(const std::array<int64_t, 2>& pair) {
  return "[" + std::to_string(pair[0]) + ", " + std::to_string(pair[1]) + "]";
}

std::string script_number(double value) { return Json(value).dump(); }

ScriptPadding script_padding(const Window& w, const LayerContext& context) {
  if (!context.any_size || !w.follows_size)
    return {"", "[" + std::to_string(w.before[1]) + ", " + std::to_string(w.after[1]) + ", " +
                    std::to_string(w.before[0]) + ", " + std::to_string(w.after[0]) + "]"};
  ScriptPadding padding;
  // TensorFlow's `same`, as in window_from_spec.
  for (size_t axis = 0; axis < 2; ++axis) {
    const std::string n = "x.size(" + std::to_string(axis + 2) + ")", stride = std::to_string(w.strides[axis]);
    const std::string span = std::to_string((w.kernel[axis] - 1) * w.dilation[axis] + 1);
    padding.lines += std::string("    ") + (axis == 0 ? "rows" : "columns") + " = max(((" + n + " + " + stride +
                     " - 1) // " + stride + " - 1) * " + stride + " + " + span + " - " + n + ", 0)\n";
  }
  padding.sides = "[columns // 2, columns - columns // 2, rows // 2, rows - rows // 2]";
  return padding;
}

}  // namespace cvtool
