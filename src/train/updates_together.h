// The updates of optimizer.cpp for all parameters together. A device other than a processor is asked once for an
// operation on a list of tensors; one after the other it would be asked for each of them, which takes longer than most
// of these operations. The formulas are the same; rounding may differ in the last bits.
#pragma once

#include <vector>

#include "train/optimizer.h"

namespace cvtool {

// Of parameters that share a learning rate: f32, on one device. Those of one parameter lie alike in memory, or the
// device is asked for each after all.
struct UpdateLists {
  std::vector<at::Tensor> weights, gradients;
  std::vector<std::vector<at::Tensor>> slots;  // [slot][parameter]
};

// As OptimizerKind::update_together; no list is empty.
void sgd_together(UpdateLists& all, const StepContext& c);
void adam_together(UpdateLists& all, const StepContext& c);
void nadam_together(UpdateLists& all, const StepContext& c);
void rmsprop_together(UpdateLists& all, const StepContext& c);
void adagrad_together(UpdateLists& all, const StepContext& c);
void lion_together(UpdateLists& all, const StepContext& c);

}  // namespace cvtool
