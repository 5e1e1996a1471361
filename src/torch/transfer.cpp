#include "torch/transfer.h"

#include <ATen/ATen.h>

namespace cvtool {

at::Tensor pinned(const at::Tensor& tensor, at::Device device) {
  return device.is_cuda() && tensor.device().is_cpu() && !tensor.is_pinned() ? tensor.pin_memory() : tensor;
}

at::Tensor sent(const at::Tensor& tensor, at::Device device) {
  if (tensor.device() == device) return tensor;
  return pinned(tensor, device).to(tensor.options().device(device), /*non_blocking=*/true);
}

}  // namespace cvtool
