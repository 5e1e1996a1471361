#include "parts/loss_scale.h"

#include <ATen/ATen.h>

namespace cvtool {
namespace {

constexpr double kSmallest = 1, kLargest = 16777216;
constexpr int64_t kStepsBeforeGrowth = 2000;

}  // namespace

LossScale::LossScale(at::Device device)
    : value_(at::full({}, kFirst, at::device(device).dtype(at::kFloat))),
      steps_(at::zeros({}, at::device(device).dtype(at::kLong))) {}

at::Tensor LossScale::unscale(std::vector<at::Tensor>& gradients, double divisor) {
  const at::NoGradGuard no_grad;
  at::Tensor finite = at::ones({}, value_.options().dtype(at::kBool));
  const at::Tensor inverse = (value_ * divisor).reciprocal();
  std::vector<at::Tensor> each{finite};
  for (at::Tensor& gradient : gradients) each.push_back(gradient.mul_(inverse).isfinite().all());
  finite = at::stack(each).all();
  steps_ = at::where(finite, steps_ + 1, at::zeros_like(steps_));
  const at::Tensor grows = steps_ >= kStepsBeforeGrowth;
  const at::Tensor larger = (value_ * 2).clamp_max(kLargest), smaller = (value_ / 2).clamp_min(kSmallest);
  value_ = at::where(finite, at::where(grows, larger, value_), smaller);
  steps_ = at::where(grows, at::zeros_like(steps_), steps_);
  return finite;
}

double LossScale::number() const { return value_.item<double>(); }

int64_t LossScale::steps() const { return steps_.item<int64_t>(); }

void LossScale::restore(double number, int64_t steps) {
  value_.fill_(number);
  steps_.fill_(steps);
}

}  // namespace cvtool
