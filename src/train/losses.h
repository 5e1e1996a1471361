// Losses and hits, from the values before the last activation.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cvtool {

// "auto" -> binary_crossentropy for one unit, else sparse_categorical_crossentropy. Throws UsageError where loss and
// units do not fit.
std::string resolve_loss(const std::string& loss, int64_t units);

// Mean loss of a batch, a scalar f32 with gradient. `logits` [N,units] any float type, `labels` [N] i64 on the same
// device. Two or more units with binary_crossentropy: mean over the units, labels one-hot, as in Keras.
at::Tensor loss_from_logits(const std::string& loss, const at::Tensor& logits, const at::Tensor& labels);

// How many of a batch are right: z > 0 for one unit (p > 0.5), else the largest.
at::Tensor hits_from_logits(const at::Tensor& logits, const at::Tensor& labels);

// The name Keras gives the metric: "binary_accuracy" for one unit, else "accuracy".
std::string accuracy_name(int64_t units);

}  // namespace cvtool
