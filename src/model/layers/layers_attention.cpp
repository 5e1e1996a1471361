#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {

// Vaswani et al.: Attention Is All You Need, 2017, of tokens to each other. Queries, keys and values come of one dense
// layer, in this order, each with the heads' channels one after the other.
BuiltLayer build_multi_head_attention(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<MultiHeadAttentionFields>(spec, context);
  check_tokens(context);
  const int64_t channels = context.input[0];
  if (f.heads == 0) throw UsageError(context.place + "heads: must be given, the number of groups of channels");
  if (channels % f.heads != 0)
    throw UsageError(context.place + "heads: " + std::to_string(f.heads) + " must divide the " +
                     std::to_string(channels) + " channels");
  LayerContext inner = context;
  inner.path = context.path + "/qkv";
  const BuiltLayer qkv = dense_layer({3 * channels, f.bias, {channels, channels}}, inner);
  inner.path = context.path + "/projection";
  const BuiltLayer projection = dense_layer({channels, f.bias, {channels, channels}}, inner);
  BuiltLayer layer{new_module(context, "MultiHeadAttention"), context.input, qkv.trainable + projection.trainable};
  layer.module.register_module("qkv", qkv.module);
  layer.module.register_module("projection", projection.module);
  const int64_t each = channels / f.heads;
  const std::string c = std::to_string(channels);
  const auto third = [&](int64_t i) {
    return "torch.narrow(y, 2, " + std::to_string(i * channels) + ", " + c + ").reshape(heads)";
  };
  layer.module.define(
      "def forward(self, x):\n"
      "    y = self.qkv.forward(x)\n"
      "    heads = [x.size(0), x.size(1), " +
      std::to_string(f.heads) + ", " + std::to_string(each) + "]\n    q = " + third(0) +
      ".transpose(1, 2)\n    k = " + third(1) + ".permute([0, 2, 3, 1])\n    v = " + third(2) +
      ".transpose(1, 2)\n"
      "    match = torch.softmax(torch.matmul(q * " +
      script_number(1 / std::sqrt(static_cast<double>(each))) +
      ", k), 3)\n"
      "    y = torch.matmul(match, v).transpose(1, 2).reshape([x.size(0), x.size(1), " +
      c +
      "])\n"
      "    return self.projection.forward(y)\n");
  return layer;
}

}  // namespace cvtool
