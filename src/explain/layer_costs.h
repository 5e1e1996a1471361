// What the layers of a net see and cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explain/flat_net.h"
#include "model/shape.h"
#include "spec/summary_result.h"

namespace cvtool {

bool operator==(const ReceptiveField& a, const ReceptiveField& b);

// What a window (output unused) makes of the field of its input: size + (span - 1) * stride, with span =
// (kernel - 1) * dilation + 1 (Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
// 2019).
ReceptiveField through_window(const ReceptiveField& input, const Window& window);

// The field of a value that is made of two, such as a sum: the smallest that holds both.
ReceptiveField united(const ReceptiveField& a, const ReceptiveField& b);

// For each of `names` (rows of the summary), in their order. A layer that is not a row counts for the row that it
// stands below ("base/features/0" for "base"). `picture` [1,3,H,W]: the net runs once.
std::vector<LayerCost> layer_costs(const FlatNet& net, const std::vector<std::string>& names,
                                   const at::Tensor& picture);

}  // namespace cvtool
