// What each layer of a net sees and costs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explain/flat_net.h"
#include "explain/receptive_field.h"

namespace cvtool {

struct LayerCost {
  std::optional<ReceptiveField> field;  // of the layer's output; none where the layer's operations were not found
  int64_t macs = 0;                     // multiply-adds of convolutions and dense layers, one photo
  int64_t activation_bytes = 0;         // of the values that the layer newly makes, float32, one photo
};

// For each of `names` (rows of the summary), in their order. A layer that is not a row counts for the row that it
// stands below ("base/features/0" for "base"). `picture` [1,3,H,W]: the net runs once.
std::vector<LayerCost> layer_costs(const FlatNet& net, const std::vector<std::string>& names,
                                   const at::Tensor& picture);

}  // namespace cvtool
