#include "explain/token_map.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;

// A product of values that both come from the pixels: how tokens match, or what is taken of each.
bool mixes(const jit::Node& node, const std::set<const jit::Value*>& of_pixels) {
  static const std::set<std::string> kinds{"aten::baddbmm", "aten::bmm", "aten::einsum", "aten::matmul",
                                           "aten::scaled_dot_product_attention"};
  if (kinds.count(node.kind().toQualString()) == 0) return false;
  const auto inputs = node.inputs();
  return std::count_if(inputs.begin(), inputs.end(), [&](const jit::Value* v) { return of_pixels.count(v) > 0; }) > 1;
}

bool reads_any(const jit::Node& node, const std::set<const jit::Value*>& values) {
  const auto inputs = node.inputs();
  if (std::any_of(inputs.begin(), inputs.end(), [&](const jit::Value* v) { return values.count(v) > 0; })) return true;
  for (const jit::Block* block : node.blocks())
    for (const jit::Node* inner : block->nodes())
      if (reads_any(*inner, values)) return true;
  return false;
}

const jit::Node* last_mixing_node(const jit::Graph& graph) {
  std::set<const jit::Value*> of_pixels{graph.inputs()[1]};
  const jit::Node* found = nullptr;
  for (const jit::Node* node : graph.nodes()) {
    if (!reads_any(*node, of_pixels)) continue;
    if (mixes(*node, of_pixels)) found = node;
    of_pixels.insert(node->outputs().begin(), node->outputs().end());
  }
  return found;
}

}  // namespace

std::optional<TokenGrid> token_grid(const std::vector<at::Tensor>& values, size_t layer) {
  constexpr int64_t kMostInFront = 16;
  if (values[layer].dim() != 3) return std::nullopt;
  for (size_t i = layer; i-- > 0;) {
    if (values[i].dim() != 4 || values[i].size(2) * values[i].size(3) < 2) continue;
    const TokenGrid grid{values[i].size(2), values[i].size(3)};
    const int64_t in_front = values[layer].size(1) - grid.height * grid.width;
    if (in_front >= 0 && in_front <= kMostInFront) return grid;
    return std::nullopt;
  }
  return std::nullopt;
}

at::Tensor map_of_tokens(const at::Tensor& tokens, const TokenGrid& grid) {
  const int64_t places = grid.height * grid.width;
  return tokens.narrow(1, tokens.size(1) - places, places)
      .transpose(1, 2)
      .reshape({tokens.size(0), tokens.size(2), grid.height, grid.width});
}

std::optional<size_t> last_mixed_tokens(const FlatNet& net, const std::vector<at::Tensor>& values) {
  const jit::Node* mixing = last_mixing_node(*net.graph());
  if (!mixing) return std::nullopt;
  const std::string inside = mixing->scopeName() + "/";  // what an attention makes of its input is not its input
  std::optional<size_t> found;
  for (size_t i = 0; i < values.size(); ++i) {
    const FlatLayer& layer = net.layers()[i];
    const jit::Node* node = net.graph()->outputs()[layer.output]->node();
    if (node->isBefore(mixing) && !starts_with(layer.name, inside) && token_grid(values, i)) found = i;
  }
  return found;
}

}  // namespace cvtool
