#include "model/predictor.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <vector>

#include "model/fast_module.h"
#include "model/net_batch.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

// Photo by photo: the last bit of a sigmoid depends on the place of a value in its tensor.
at::Tensor each_row(const at::Tensor& x, const std::function<at::Tensor(const at::Tensor& row)>& compute) {
  std::vector<at::Tensor> rows;
  for (int64_t row = 0; row < x.size(0); ++row) rows.push_back(compute(x.narrow(0, row, 1)));
  return at::cat(rows);
}

}  // namespace

Predictor::Predictor(const torch::jit::Module& module, at::Device device, at::ScalarType precision)
    : classifier_(module), device_(device), precision_(precision) {
  torch::jit::Module copy = module.deepcopy();
  copy.to(device);
  use_channels_last(copy);
  const torch::jit::Module fast = fast_module(copy, "logits");
  rows_ = batch_rows(fast);
  logits_ = packed_module(fast, device, precision).value_or(fast);
}

Prediction Predictor::run(const at::Tensor& pixels) const {
  const at::NoGradGuard no_grad;
  const auto logits = [this](const at::Tensor& batch) { return logits_of(batch); };
  const at::Tensor z = device_.is_cpu() ? in_lanes(pixels.to(at::kCPU), rows_, logits) : logits_of(pixels);
  const auto probabilities = [this](const at::Tensor& row) {
    return classifier_.get_method("probabilities")({row}).toTensor().to(at::kFloat);
  };
  Prediction out{z, each_row(z, probabilities), {}};
  if (has_sigmoids()) {
    const double temperature = classifier_.attr("temperature").toDouble();
    out.sigmoids = each_row(z, [&](const at::Tensor& row) { return at::sigmoid(row * temperature); });
  }
  return out;
}

bool Predictor::has_sigmoids() const { return classifier_.find_method("sigmoids").has_value(); }

at::Tensor Predictor::logits_of(const at::Tensor& pixels) const {
  const Autocast autocast(device_, precision_);
  const at::Tensor x = pixels.to(device_).contiguous(at::MemoryFormat::ChannelsLast);
  torch::jit::Module net = logits_;
  return net.forward({x}).toTensor().to(at::kCPU, at::kFloat).contiguous();
}

void use_channels_last(torch::jit::Module& module) {
  at::NoGradGuard no_grad;
  for (at::Tensor parameter : module.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace cvtool
