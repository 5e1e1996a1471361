#include <ATen/ATen.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {

BuiltLayer build_batch_norm(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<BatchNormFields>(spec, context);
  if (is_tokens(context.input))
    throw UsageError(context.place + "needs a feature map or a vector, but its input is " + shape_text(context.input) +
                     "; use layer_norm");
  const int64_t channels = context.input[0];
  BuiltLayer layer{new_module(context, "BatchNormalization"), context.input};
  layer.module.register_parameter("weight", at::ones({channels}).set_requires_grad(f.scale), !f.scale);
  layer.module.register_parameter("bias", at::zeros({channels}).set_requires_grad(f.center), !f.center);
  layer.module.register_buffer("running_mean", at::zeros({channels}));
  layer.module.register_buffer("running_var", at::ones({channels}));
  layer.trainable = channels * (f.scale + f.center);
  layer.non_trainable = 2 * channels;
  // LibTorch's running variance is the unbiased one, 0 / 0 of a single value; Keras's is the mean square, 0. The
  // temporaries keep autograd's saved tensors apart from the statistics that change here.
  const std::string keep = script_number(f.momentum), epsilon = script_number(f.epsilon);
  layer.module.define(
      "def forward(self, x):\n"
      "    if self.training:\n"
      "        mean = torch.zeros_like(self.running_mean)\n"
      "        var = torch.zeros_like(self.running_var)\n"
      "        y = torch.batch_norm(x, self.weight, self.bias, mean, var, True, 1.0, " +
      epsilon +
      ", True)\n"
      "        n = float(x.numel() // x.size(1))\n"
      "        self.running_mean.mul_(" +
      keep + ").add_(mean, alpha=1.0 - " + keep +
      ")\n"
      "        self.running_var.mul_(" +
      keep +
      ")\n"
      "        if n > 1.0:\n"
      "            self.running_var.add_(var, alpha=(1.0 - " +
      keep +
      ") * (n - 1.0) / n)\n"
      "    else:\n"
      "        y = torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, False, 0.0, " +
      epsilon +
      ", True)\n"
      "    x = y\n"
      "    return " +
      activation_expression(f.activation, true) + "\n");
  return layer;
}

// Krizhevsky et al. 2012, section 3.3, with alpha divided by the window's size as Caffe and PyTorch do.
BuiltLayer build_lrn(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<LrnFields>(spec, context);
  if (f.size % 2 == 0) throw UsageError(context.place + "size: must be an odd number, not " + std::to_string(f.size));
  if (context.input.size() != 3)
    throw UsageError(context.place + "needs a feature map [channels, height, width], but its input is " +
                     shape_text(context.input));
  BuiltLayer layer{new_module(context, "LocalResponseNormalization"), context.input};
  const std::string half = std::to_string(f.size / 2), channels = std::to_string(context.input[0]);
  layer.module.define(
      "def forward(self, x):\n"
      "    squares = torch.constant_pad_nd(x * x, [0, 0, 0, 0, " +
      half + ", " + half +
      "], 0.)\n"
      "    total = squares.narrow(1, 0, " +
      channels +
      ")\n"
      "    for i in range(1, " +
      std::to_string(f.size) +
      "):\n"
      "        total = total + squares.narrow(1, i, " +
      channels +
      ")\n"
      "    return x / torch.pow(total * " +
      script_number(f.alpha / static_cast<double>(f.size)) + " + " + script_number(f.k) + ", " + script_number(f.beta) +
      ")\n");
  return layer;
}

BuiltLayer build_flatten(const Json& spec, const LayerContext& context) {
  layer_fields<NoFields>(spec, context);
  int64_t features = 1;
  for (int64_t n : context.input) features *= n;
  BuiltLayer layer{new_module(context, "Flatten"), {features}};
  // Keras's order: height, width, channel.
  layer.module.define(context.input.size() == 3
                          ? "def forward(self, x):\n    return torch.flatten(x.permute([0, 2, 3, 1]), 1)\n"
                          : "def forward(self, x):\n    return torch.flatten(x, 1)\n");
  return layer;
}

BuiltLayer build_dropout(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<DropoutFields>(spec, context);
  BuiltLayer layer{new_module(context, "Dropout"), context.input};
  layer.module.define("def forward(self, x):\n    return torch.dropout(x, " + script_number(f.rate) +
                      ", self.training)\n");
  return layer;
}

BuiltLayer build_activation(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<ActivationFields>(spec, context);
  BuiltLayer layer{new_module(context, "Activation"), context.input};
  std::string expression = activation_expression(f.function, false, context.input);
  if (f.function == "leaky_relu") expression = "torch.leaky_relu(x, " + script_number(f.negative_slope) + ")";
  if (f.function == "elu") expression = "torch.elu(x, " + script_number(f.alpha) + ")";
  layer.module.define("def forward(self, x):\n    return " + expression + "\n");
  return layer;
}

namespace {

// A number, or one for each of the input's channels, as [1] or [1,C,1,1] f32.
at::Tensor per_channel(const Json& json, const LayerContext& context, const char* key) {
  constexpr double kMost = 1e30;  // far below what float32 holds
  std::vector<double> values;
  const auto add = [&](const Json& item) {
    if (!item.is_number()) return;
    values.push_back(item.get<double>());
    if (std::abs(values.back()) > kMost)
      throw UsageError(context.place + key + ": " + item.dump() + " is out of range; it must be from -1e30 to 1e30");
  };
  if (json.is_number()) {
    add(json);
    return at::full({1}, values[0], at::kFloat);
  }
  if (json.is_array())
    for (const auto& item : json) add(item);
  if (values.empty() || static_cast<int64_t>(values.size()) != context.input[0] || values.size() != json.size())
    throw UsageError(context.place + key + ": must be a number or a list of " + std::to_string(context.input[0]) +
                     " numbers (one per channel), not " + json.dump());
  std::vector<int64_t> shape(context.input.size() + 1, 1);
  shape[1] = context.input[0];
  return at::tensor(values, at::kDouble).to(at::kFloat).reshape(shape);
}

}  // namespace

BuiltLayer build_rescale(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<RescaleFields>(spec, context);
  if (is_tokens(context.input))
    throw UsageError(context.place + "needs a feature map or a vector, but its input is " + shape_text(context.input) +
                     "; put it before the tokens");
  BuiltLayer layer{new_module(context, "Rescaling"), context.input};
  layer.module.register_buffer("scale", per_channel(f.scale, context, "scale"));
  layer.module.register_buffer("offset", per_channel(f.offset, context, "offset"));
  std::string body = "def forward(self, x):\n    x = x.to(self.scale)\n";
  if (f.channels == "bgr") body += "    x = torch.flip(x, [1])\n";
  if (f.scale != Json(1.0)) body += "    x = x * self.scale\n";
  if (f.offset != Json(0.0)) body += "    x = x + self.offset\n";
  layer.module.define(body + "    return x\n");
  return layer;
}

}  // namespace cvtool
