// Which pixels a value of a feature map can see.
#pragma once

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

}  // namespace cvtool
