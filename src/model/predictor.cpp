#include "model/predictor.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <vector>

#include "model/fast_module.h"
#include "model/feature_tap.h"
#include "model/net_batch.h"
#include "torch/lanes.h"
#include "torch/memory_order.h"

namespace cvtool {
namespace {

// Photo by photo: the last bit of a sigmoid depends on the place of a value in its tensor.
at::Tensor each_row(const at::Tensor& x, const std::function<at::Tensor(const at::Tensor& row)>& compute) {
  std::vector<at::Tensor> rows;
  for (int64_t row = 0; row < x.size(0); ++row) rows.push_back(compute(x.narrow(0, row, 1)));
  return at::cat(rows);
}

}  // namespace

Predictor::Predictor(const ReadyNet& net, at::ScalarType precision)
    : net_(net.module),
      logits_(net.module),
      device_(net.device),
      precision_(precision),
      rows_(batch_rows(net.module)),
      units_(tapped_units(net.module)) {
  if (auto packed = packed_module(net.module, device_, precision)) logits_ = *std::move(packed);
}

Prediction Predictor::run(const at::Tensor& pixels) const {
  const at::NoGradGuard no_grad;
  const auto values = [this](const at::Tensor& batch) { return values_of(batch); };
  const at::Tensor y = device_.is_cpu() ? in_lanes(pixels.to(at::kCPU), rows_, values) : values_of(pixels);
  const at::Tensor z = units_ > 0 ? y.narrow(1, 0, units_).contiguous() : y;
  const auto of_logits = [&](const char* method) {
    return each_row(z, [&](const at::Tensor& row) { return net_.get_method(method)({row}).toTensor().to(at::kFloat); });
  };
  return {z, of_logits("probabilities"), has_sigmoids() ? of_logits("sigmoids") : at::Tensor(),
          units_ > 0 ? y.narrow(1, units_, y.size(1) - units_).contiguous() : at::Tensor()};
}

at::Tensor Predictor::values_of(const at::Tensor& pixels) const {
  const Autocast autocast(device_, precision_);
  const at::Tensor x = channels_last(pixels.to(device_));
  torch::jit::Module net = logits_;
  return net.forward({x}).toTensor().to(at::kCPU, at::kFloat).contiguous();
}

void use_channels_last(torch::jit::Module& module) {
  at::NoGradGuard no_grad;
  for (at::Tensor parameter : module.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace cvtool
