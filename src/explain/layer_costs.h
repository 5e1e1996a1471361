// What the layers of a net see and cost.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explain/flat_net.h"
#include "model/shape.h"

namespace cvtool {

// The receptive field of a map along height (index 0) and width (index 1), in pixels of the net's input. The value at
// (i, j) sees the pixels from first + i * stride on, `size` of them; negative places lie in padding.
struct ReceptiveField {
  std::array<int64_t, 2> first{0, 0}, size{1, 1}, stride{1, 1};
  bool whole = false;  // every value sees the whole picture: behind global pooling, flatten or a dense layer
};
bool operator==(const ReceptiveField& a, const ReceptiveField& b);

// What a window (output unused) makes of the field of its input: size + (span - 1) * stride, with span =
// (kernel - 1) * dilation + 1 (Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
// 2019).
ReceptiveField through_window(const ReceptiveField& input, const Window& window);

// The field of a value that is made of two, such as a sum: the smallest that holds both.
ReceptiveField united(const ReceptiveField& a, const ReceptiveField& b);

// What each layer of a net sees and costs.

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
