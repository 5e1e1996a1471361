// --class-weights: how much each class counts in the training loss.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

// "none" and "auto" as they are; a JSON file {"Car": 1, "Truck": 2.5} as "Car=1,Truck=2.5", so that a run's recipe
// holds it. Throws UsageError.
std::string resolve_class_weights(const std::string& text);

// [K] f32; undefined for "none". auto: n / (K * count). Classes that are not named weigh 1. Throws UsageError for an
// unknown class or a weight that is no positive number.
at::Tensor class_weights_tensor(const std::string& resolved, const std::vector<std::string>& classes,
                                const std::vector<Sample>& samples);

}  // namespace cvtool
