#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {

// Huang et al. 2016, arXiv:1603.09382, by rows, and scaled in training as dropout is: which rows is drawn by dropout of
// one number a row, so that it depends on seed, step and row alone.
BuiltLayer build_stochastic_depth(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<StochasticDepthFields>(spec, context);
  BuiltLayer layer{new_module(context, "StochasticDepth"), context.input};
  std::string ones;
  for (size_t axis = 0; axis < context.input.size(); ++axis) ones += ", 1";
  layer.module.define(
      "def forward(self, x):\n"
      "    if self.training:\n"
      "        rows = torch.ones([x.size(0)" +
      ones +
      "], dtype=x.dtype, device=x.device)\n"
      "        x = x * torch.dropout(rows, " +
      script_number(f.rate) +
      ", True)\n"
      "    return x\n");
  return layer;
}

}  // namespace cvtool
