// What scales channels by themselves, without looking at other photos.
#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {

// Ba, Kiros and Hinton: Layer Normalization, 2016, over the channels alone, as Keras does.
BuiltLayer build_layer_norm(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<LayerNormFields>(spec, context);
  const int64_t channels = context.input[0];
  BuiltLayer layer{new_module(context, "LayerNormalization"), context.input};
  layer.module.register_parameter("weight", at::ones({channels}).set_requires_grad(f.scale), !f.scale);
  layer.module.register_parameter("bias", at::zeros({channels}).set_requires_grad(f.center), !f.center);
  layer.trainable = channels * (f.scale + f.center);
  // In float32: the mean of a thousand values in half the bits is none.
  const bool map = context.input.size() == 3;
  layer.module.define("def forward(self, x):\n    x = x.to(self.weight)" +
                      std::string(map ? ".permute([0, 2, 3, 1])" : "") + "\n    x = torch.layer_norm(x, [" +
                      std::to_string(channels) + "], self.weight, self.bias, " + script_number(f.epsilon) +
                      ")\n    return x" + (map ? ".permute([0, 3, 1, 2])" : "") + "\n");
  return layer;
}

// Touvron et al.: Going deeper with Image Transformers, 2021.
BuiltLayer build_layer_scale(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<LayerScaleFields>(spec, context);
  BuiltLayer layer{new_module(context, "LayerScale"), context.input};
  layer.trainable = context.input[0];
  layer.module.register_parameter("weight", at::full({layer.trainable}, f.initial, at::kFloat).set_requires_grad(true),
                                  false);
  layer.module.define(std::string("def forward(self, x):\n    return x * self.weight") +
                      (context.input.size() == 3 ? ".reshape([-1, 1, 1])" : "") + "\n");
  return layer;
}

}  // namespace cvtool
