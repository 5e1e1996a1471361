// Tokens as the map that they were.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "explain/flat_net.h"

namespace cvtool {

struct TokenGrid {
  int64_t height = 0, width = 0;
};

// Where the tokens that layer `layer` gives lie, by the values of all layers ([1,...] each, in their order): tokens
// [1,T,C] are the pixels of the last map before them, behind at most 16 further ones (class tokens, registers). Nothing
// where the layer gives anything else.
std::optional<TokenGrid> token_grid(const std::vector<at::Tensor>& values, size_t layer);

// [N,T,C] -> [N,C,height,width], without those in front.
at::Tensor map_of_tokens(const at::Tensor& tokens, const TokenGrid& grid);

// The layer of the last tokens that are mixed with each other: those that the last attention of the net reads. Behind
// it the class token alone matters, and a gradient says nothing of places. Nothing for a net without attention over
// tokens of a map.
std::optional<size_t> last_mixed_tokens(const FlatNet& net, const std::vector<at::Tensor>& values);

}  // namespace cvtool
