// What each layer of a net sees and costs.
#pragma once

#include <string>
#include <vector>

#include "explain/flat_net.h"
#include "spec/summary_result.h"

namespace cvtool {

// For each of `names` (rows of the summary), in their order. A layer that is not a row counts for the row that it
// stands below ("base/features/0" for "base"). `picture` [1,3,H,W]: the net runs once.
std::vector<LayerCost> layer_costs(const FlatNet& net, const std::vector<std::string>& names,
                                   const at::Tensor& picture);

}  // namespace cvtool
