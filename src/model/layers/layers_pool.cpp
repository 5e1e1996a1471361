#include <algorithm>

#include "base/error.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {
namespace {

Window pool_window(const Pool2dFields& f, const LayerContext& context) {
  const Window w = window_from_spec({f.kernel, f.strides.is_null() ? f.kernel : f.strides, f.padding, 1, f.ceil_mode},
                                    context.input, context.place);
  for (size_t axis = 0; axis < 2; ++axis)
    if (std::max(w.before[axis], w.after[axis]) >= w.kernel[axis])
      throw UsageError(context.place + "padding: must be smaller than the kernel; else windows lie in padding alone");
  return w;
}

// LibTorch's own padding serves when both sides are alike and at most half the window.
bool pads_itself(const Window& w, const LayerContext& context) {
  return !(context.any_size && w.follows_size) && w.symmetric() && w.before[0] <= w.kernel[0] / 2 &&
         w.before[1] <= w.kernel[1] / 2;
}

std::string pad_expression(const std::string& x, const ScriptPadding& padding, const std::string& value) {
  return "torch.constant_pad_nd(" + x + ", " + padding.sides + ", " + value + ")";
}

std::string window_arguments(const Window& w, bool own_padding) {
  return script_list(w.kernel) + ", " + script_list(w.strides) + ", " +
         script_list(own_padding ? w.before : std::array<int64_t, 2>{0, 0});
}

BuiltLayer pool_layer(const LayerContext& context, const char* class_name, const Window& w, const std::string& body) {
  BuiltLayer layer{new_module(context, class_name), {context.input[0], w.output[0], w.output[1]}};
  layer.module.define("def forward(self, x):\n" + body);
  return layer;
}

// A vector has one value a channel as it is: so the same head serves bases that give maps and bases that give vectors.
BuiltLayer global_pool(const LayerContext& context, const char* class_name, const std::string& expression) {
  if (is_tokens(context.input))
    throw UsageError(context.place + "needs a feature map or a vector, but its input is " + shape_text(context.input) +
                     "; use class_token");
  BuiltLayer layer{new_module(context, class_name), {context.input[0]}};
  layer.module.define("def forward(self, x):\n    return " + (context.input.size() == 1 ? "x" : expression) + "\n");
  return layer;
}

std::string script_bool(bool value) { return value ? "True" : "False"; }

}  // namespace

BuiltLayer build_max_pool2d(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<Pool2dFields>(spec, context);
  const Window w = pool_window(f, context);
  const bool own = pads_itself(w, context);
  const ScriptPadding padding = own ? ScriptPadding{} : script_padding(w, context);
  const std::string x = own ? "x" : pad_expression("x", padding, "-float(\"inf\")");
  return pool_layer(context, "MaxPooling2D", w,
                    padding.lines + "    return torch.max_pool2d(" + x + ", " + window_arguments(w, own) +
                        ", [1, 1], " + script_bool(f.ceil_mode) + ")\n");
}

BuiltLayer build_avg_pool2d(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<Pool2dFields>(spec, context);
  const Window w = pool_window(f, context);
  // Padding is not counted in the mean.
  if (pads_itself(w, context))
    return pool_layer(
        context, "AveragePooling2D", w,
        "    return torch.avg_pool2d(x, " + window_arguments(w, true) + ", " + script_bool(f.ceil_mode) + ", False)\n");
  const std::string arguments = window_arguments(w, false) + ", " + script_bool(f.ceil_mode) + ", True)";
  const ScriptPadding padding = script_padding(w, context);
  return pool_layer(context, "AveragePooling2D", w,
                    padding.lines + "    covered = " + pad_expression("torch.ones_like(x)", padding, "0.") + "\n" +
                        "    total = torch.avg_pool2d(" + pad_expression("x", padding, "0.") + ", " + arguments + "\n" +
                        "    return total / torch.avg_pool2d(covered, " + arguments + "\n");
}

BuiltLayer build_global_max_pool2d(const Json& spec, const LayerContext& context) {
  layer_fields<NoFields>(spec, context);
  return global_pool(context, "GlobalMaxPooling2D", "torch.amax(x, [2, 3])");
}

BuiltLayer build_global_avg_pool2d(const Json& spec, const LayerContext& context) {
  layer_fields<NoFields>(spec, context);
  return global_pool(context, "GlobalAveragePooling2D", "torch.mean(x, [2, 3])");
}

}  // namespace cvtool
