// Which pixels a value of a feature map can see.
#pragma once

#include <array>
#include <cstdint>
#include <string>

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

}  // namespace cvtool
