#include "torch/transfer.h"

#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace cvtool {

at::Tensor pinned(const at::Tensor& tensor, at::Device device) {
  return device.is_cuda() && tensor.device().is_cpu() && !tensor.is_pinned() ? tensor.pin_memory() : tensor;
}

at::Tensor sent(const at::Tensor& tensor, at::Device device) {
  if (tensor.device() == device) return tensor;
  return pinned(tensor, device).to(tensor.options().device(device), /*non_blocking=*/true);
}

CopyStream::CopyStream(at::Device device) : device_(device) {
  if (!device.is_cpu())
    stream_ = std::make_unique<c10::Stream>(
        c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device, /*isHighPriority=*/false));
}

CopyStream::~CopyStream() = default;

void CopyStream::send(const std::vector<at::Tensor*>& tensors) const {
  if (!stream_) return;
  const c10::Stream computing = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  c10::Event arrived(device_.type());
  {
    const c10::StreamGuard guard(*stream_);
    for (at::Tensor* tensor : tensors) *tensor = sent(*tensor, device_);
    arrived.record(*stream_);
  }
  arrived.block(computing);
  // Their memory was taken for the copying stream, which must not take it again before they have been used.
  for (const at::Tensor* tensor : tensors) tensor->record_stream(computing);
}

}  // namespace cvtool
