#include "train/losses.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace cvtool {

std::string resolve_loss(const std::string& loss, int64_t units) {
  if (loss == "auto") return units == 1 ? "binary_crossentropy" : "sparse_categorical_crossentropy";
  if (units == 1 && loss != "binary_crossentropy")
    throw UsageError("train.loss: " + loss + " needs a unit a class, but the net has one unit; use binary_crossentropy");
  return loss;
}

at::Tensor loss_from_logits(const std::string& loss, const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor z = logits.to(at::kFloat);
  if (loss != "binary_crossentropy") return at::cross_entropy_loss(z, labels);
  if (z.size(1) == 1) return at::binary_cross_entropy_with_logits(z.squeeze(1), labels.to(at::kFloat));
  return at::binary_cross_entropy_with_logits(z, at::one_hot(labels, z.size(1)).to(at::kFloat));
}

at::Tensor hits_from_logits(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor predicted = logits.size(1) == 1 ? logits.squeeze(1).gt(0).to(at::kLong) : logits.argmax(1);
  return predicted.eq(labels).sum();
}

std::string accuracy_name(int64_t units) { return units == 1 ? "binary_accuracy" : "accuracy"; }

}  // namespace cvtool
