// Between feature maps, tokens and vectors (Dosovitskiy et al.: An Image is Worth 16x16 Words, 2021).
#include <ATen/ATen.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {
namespace {

using Grid = std::array<int64_t, 2>;

// Lines that make `matrix` [to, from] f64: how the positions of one side are interpolated, read off what LibTorch's own
// interpolation makes of the unit vectors. The positions are then a product, whose gradient any device adds up in a
// fixed order; float64 (which TorchScript calls 7) is what autocast leaves alone.
std::string side_lines(const TokensFields& f, const std::string& matrix, const std::string& to, int64_t from) {
  const std::string n = std::to_string(from);
  const std::string scale =
      f.offset > 0 ? "(float(" + to + ") + " + script_number(f.offset) + ") / " + n + ".0" : "None";
  return "        unit = torch.eye(" + n + ", dtype=7, device=self.positions.device).reshape([1, " + n + ", " + n +
         ", 1])\n        " + matrix + " = torch." + (f.antialias ? "_upsample_bicubic2d_aa" : "upsample_bicubic2d") +
         "(unit, [" + to + ", 1], False, " + scale + ", None).reshape([" + n + ", " + to + "]).t()\n";
}

// Lines that interpolate `table` [1,grid,C] to rows x columns where the map is of another size than the grid.
std::string interpolation_lines(const TokensFields& f, const Grid& grid, int64_t channels) {
  const std::string high = std::to_string(grid[0]), wide = std::to_string(grid[1]), c = std::to_string(channels);
  return "    rows = x.size(2)\n    columns = x.size(3)\n    if rows != " + high + " or columns != " + wide + ":\n" +
         side_lines(f, "down", "rows", grid[0]) + side_lines(f, "across", "columns", grid[1]) +
         "        fine = table.to(7).reshape([" + high + ", " + wide + " * " + c + "])\n" +
         "        fine = torch.matmul(down, fine).reshape([rows, " + wide + ", " + c + "])\n" +
         "        table = torch.matmul(across, fine).reshape([1, rows * columns, " + c + "]).to(self.positions)\n";
}

Grid grid_of(const TokensFields& f, const LayerContext& context) {
  const Grid input{context.input[1], context.input[2]};
  return f.grid.is_null() ? input : pair_from_json(f.grid, 1, context.place + "grid");
}

}  // namespace

void check_tokens(const LayerContext& context) {
  if (is_tokens(context.input)) return;
  throw UsageError(context.place + "needs tokens, but its input is " + shape_text(context.input) +
                   "; put a tokens layer before it");
}

BuiltLayer build_tokens(const Json& spec, const LayerContext& context) {
  const auto f = layer_fields<TokensFields>(spec, context);
  if (context.input.size() != 3)
    throw UsageError(context.place + "needs a feature map [channels, height, width], but its input is " +
                     shape_text(context.input));
  const int64_t channels = context.input[0], front = f.class_token ? 1 : 0;
  const Grid grid = grid_of(f, context);
  const Grid input{context.input[1], context.input[2]};
  BuiltLayer layer{new_module(context, "Tokens"), {channels, front + input[0] * input[1]}};
  const int64_t places = grid[0] * grid[1];
  check_weights(context, {static_cast<double>(front + places), static_cast<double>(channels)});
  // Three dimensions, as files have them; two are those of a dense layer.
  const at::Tensor positions = random_normal({1, front + places, channels}, 0.02, context.seed, context.path);
  layer.module.register_parameter("positions", positions.set_requires_grad(true), false);
  layer.trainable = positions.numel();
  const std::string last = std::to_string(places), from = std::to_string(front);
  std::string body =
      "def forward(self, x):\n    x = x.to(self.positions)\n    table = torch.narrow(self.positions, 1, " + from +
      ", " + last + ")\n";
  if (context.any_size || grid != input) body += interpolation_lines(f, grid, channels);
  body += "    x = torch.flatten(x, 2).transpose(1, 2)\n";
  if (f.class_token) {
    layer.module.register_parameter("class_token", at::zeros({1, 1, channels}).set_requires_grad(true), false);
    layer.trainable += channels;
    // Added to a token of zeros, the class token needs to know nothing of the batch.
    body +=
        "    x = torch.constant_pad_nd(x, [0, 0, 1, 0], 0.)\n"
        "    table = torch.cat([self.class_token + torch.narrow(self.positions, 1, 0, 1), table], 1)\n";
  }
  layer.module.define(body + "    return x + table\n");
  return layer;
}

BuiltLayer build_class_token(const Json& spec, const LayerContext& context) {
  layer_fields<NoFields>(spec, context);
  check_tokens(context);
  BuiltLayer layer{new_module(context, "ClassToken"), {context.input[0]}};
  layer.module.define("def forward(self, x):\n    return torch.select(x, 1, 0)\n");
  return layer;
}

}  // namespace cvtool
