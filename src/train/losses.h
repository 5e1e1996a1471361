// Losses and hits, from the values before the last activation.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

// "auto" -> binary_crossentropy for one unit, else sparse_categorical_crossentropy. Throws UsageError where loss and
// units do not fit.
std::string resolve_loss(const std::string& loss, int64_t units);

// Mean loss of a batch, a scalar f32 with gradient. `logits` [N,units] any float type, `labels` on the same device: [N]
// i64 or [N,K] f32 whose rows sum to 1. Two or more units with binary_crossentropy: mean over the units, as in Keras.
// What is measured is the cross-entropy, for the focal loss too: validation and eval use this.
at::Tensor loss_from_logits(const std::string& loss, const at::Tensor& logits, const at::Tensor& labels);

// What is minimised in training.
struct TrainingLoss {
  std::string name;            // as resolve_loss gives it
  double label_smoothing = 0;  // s: label y becomes (1 - s) y + s / K
  double focal_gamma = 2;  // Lin et al., arXiv 1708.02002: -(1 - p)^gamma log p; without their alpha: see class_weights
  at::Tensor
      class_weights;  // [K] f32, or undefined: a sample counts with its class's weight, a mixed one with the mean
};

// Mean over the batch of weight times loss (as in Keras: the weights do not divide), a scalar f32 with gradient. Shapes
// as for loss_from_logits.
at::Tensor training_loss(const TrainingLoss& loss, const at::Tensor& logits, const at::Tensor& labels);

// How many of a batch are right: z > 0 for one unit (p > 0.5), else the largest. Of a mixed label the largest part
// counts.
at::Tensor correct_from_logits(const at::Tensor& logits, const at::Tensor& labels);

// The name Keras gives the metric: "binary_accuracy" for one unit, else "accuracy".
std::string accuracy_name(int64_t units);

// Weights that make classes count alike: n / (K * count), f32 [K].
at::Tensor balancing_weights(const std::vector<int64_t>& counts);

// --class-weights: how much each class counts in the training loss.

// "none" and "auto" as they are; a JSON file {"Car": 1, "Truck": 2.5} as "Car=1,Truck=2.5", so that a run's recipe
// holds it. Throws UsageError.
std::string resolve_class_weights(const std::string& text);

// [K] f32; undefined for "none". auto: n / (K * count). Classes that are not named weigh 1. Throws UsageError for an
// unknown class or a weight that is not a positive number.
at::Tensor class_weights_tensor(const std::string& resolved, const std::vector<std::string>& classes,
                                const std::vector<Sample>& samples);

}  // namespace cvtool
