#include "model/predictor.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include "base/error.h"
#include "model/stages.h"
#include "torch/device.h"

namespace cvtool {

Predictor::Predictor(const torch::jit::Module& module, at::Device device, at::ScalarType precision)
    : device_(device), precision_(precision) {
  torch::jit::Module copy = module.deepcopy();
  copy.to(device);
  use_channels_last(copy);
  module_ = frozen_classifier(copy);
}

Prediction Predictor::run(const at::Tensor& pixels) const {
  at::NoGradGuard no_grad;
  const Autocast autocast(device_, precision_);
  const at::Tensor z = module_.get_method("logits")({to_input(pixels)}).toTensor().to(at::kFloat);
  const at::Tensor p = module_.get_method("probabilities")({z}).toTensor();
  return {z.to(at::kCPU), p.to(at::kCPU, at::kFloat).contiguous()};
}

at::Tensor Predictor::sigmoids(const at::Tensor& pixels) const {
  at::NoGradGuard no_grad;
  const auto method = module_.find_method("sigmoids");
  if (!method)
    throw UsageError(
        "--raw: the model has no head of several sigmoid units (or is of an earlier version); leave it out");
  const Autocast autocast(device_, precision_);
  return (*method)({to_input(pixels)}).toTensor().to(at::kCPU, at::kFloat).contiguous();
}

at::Tensor Predictor::to_input(const at::Tensor& pixels) const {
  return pixels.to(device_).contiguous(at::MemoryFormat::ChannelsLast);
}

void use_channels_last(torch::jit::Module& module) {
  at::NoGradGuard no_grad;
  for (at::Tensor parameter : module.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace cvtool
