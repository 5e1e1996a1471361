#include "base/error.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {
namespace {

// One of the two products: a convolution of 1x1 over the means, as files of weights have it.
BuiltLayer product(const LayerContext& outer, const std::string& name, const Json& conv, int64_t channels) {
  LayerContext context = outer;
  context.input = {channels, 1, 1};
  context.path += "/" + name;
  context.any_size = false;
  return build_conv2d(conv, context);
}

}  // namespace

// Hu et al. 2018, arXiv:1709.01507; with hard_sigmoid MobileNetV3's (arXiv:1905.02244).
BuiltLayer build_squeeze_excite(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<SqueezeExciteFields>(spec, context);
  if (f.filters == 0) throw UsageError(context.place + "filters: must be given, the number of channels in between");
  if (context.input.size() != 3)
    throw UsageError(context.place + "needs a feature map [channels, height, width], but its input is " +
                     shape_text(context.input));
  const int64_t channels = context.input[0];
  const BuiltLayer reduce =
      product(context, "reduce", {{"filters", f.filters}, {"kernel", 1}, {"activation", f.activation}}, channels);
  const BuiltLayer expand =
      product(context, "expand", {{"filters", channels}, {"kernel", 1}, {"activation", f.gate}}, f.filters);
  BuiltLayer layer{new_module(context, "SqueezeExcite"), context.input};
  layer.module.register_module("reduce", reduce.module);
  layer.module.register_module("expand", expand.module);
  layer.trainable = reduce.trainable + expand.trainable;
  layer.module.define(
      "def forward(self, x):\n"
      "    return x * self.expand.forward(self.reduce.forward(torch.mean(x, [2, 3], True)))\n");
  return layer;
}

}  // namespace cvtool
