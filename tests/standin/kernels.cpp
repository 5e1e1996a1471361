// What an operation on any device needs of it: memory, views, copies; and convolutions, which LibTorch gives a foreign
// device under names of their own.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <cstring>

#include "standin/counts.h"
#include "standin/device.h"
#include "standin/kernel_view.h"
#include "standin/memory.h"
#include "standin/streams.h"

namespace standin {

using OptionalType = std::optional<at::ScalarType>;
using OptionalLayout = std::optional<at::Layout>;
using OptionalDevice = std::optional<at::Device>;
using OptionalTensor = std::optional<at::Tensor>;
using BelowAutograd = at::AutoDispatchBelowADInplaceOrView;

at::Tensor kernel_view(const at::Tensor& tensor) {
  TORCH_CHECK(!tensor.is_conj() && !tensor.is_neg(), "standin: a conjugate or negative view");
  if (tensor.numel() > 0) note_use(tensor.storage().data());
  const BelowAutograd guard;
  return at::from_blob(kernel_address(tensor.numel() > 0 ? tensor.data_ptr() : nullptr), tensor.sizes(),
                       tensor.strides(), at::device(at::kCPU).dtype(tensor.scalar_type()));
}

at::Tensor on_device(const at::Tensor& made) {
  at::Tensor out =
      at::detail::empty_strided_generic(made.sizes(), made.strides(), &device_allocator(),
                                        c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), made.scalar_type());
  const BelowAutograd guard;
  if (made.numel() > 0) kernel_view(out).copy_(made);
  return out;
}

void set_size(const at::Tensor& tensor, at::IntArrayRef sizes) {
  at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  impl->set_sizes_contiguous(sizes);
  const size_t bytes =
      (static_cast<size_t>(tensor.storage_offset()) + static_cast<size_t>(tensor.numel())) * tensor.element_size();
  c10::Storage storage = impl->storage();
  if (bytes <= storage.nbytes()) return;
  c10::DataPtr larger = device_allocator().allocate(bytes);
  if (storage.nbytes() > 0) device_allocator().copy_data(larger.get(), storage.data(), storage.nbytes());
  storage.set_data_ptr_noswap(std::move(larger));
  storage.set_nbytes(bytes);
}

namespace {

at::Tensor empty(at::IntArrayRef sizes, OptionalType type, OptionalLayout, OptionalDevice, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &device_allocator(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides, OptionalType type, OptionalLayout,
                         OptionalDevice, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &device_allocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(type));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  if (from.numel() == 0) return to;
  if (is_on_device(from) && is_on_device(to)) {
    count_kernel();
  } else if (is_on_device(to)) {
    count_to_device(!non_blocking);
  } else {
    count_to_host();
  }
  const bool waits = !is_on_device(to) || (!is_on_device(from) && !non_blocking);
  const auto seen = [](const at::Tensor& tensor) { return is_on_device(tensor) ? kernel_view(tensor) : tensor; };
  const BelowAutograd guard;
  seen(to).copy_(seen(from));
  if (waits) host_waited();
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  TORCH_CHECK(from.sizes() == to.sizes(), "standin: a copy that resizes");
  return copy_from(from, to, false);
}

at::Scalar local_scalar_dense(const at::Tensor& tensor) {
  count_host_read("_local_scalar_dense");
  const at::Scalar value = kernel_view(tensor).item();
  host_waited();
  return value;
}

const at::Tensor& resize_(const at::Tensor& tensor, at::IntArrayRef sizes, std::optional<at::MemoryFormat> format) {
  TORCH_CHECK(!format || *format == at::MemoryFormat::Contiguous, "standin: resize_ to a memory format");
  set_size(tensor, sizes);
  return tensor;
}

at::Tensor as_strided(const at::Tensor& tensor, at::IntArrayRef sizes, at::IntArrayRef strides,
                      std::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(tensor, sizes, strides, offset);
}

void record_stream(at::Tensor& tensor, at::Stream stream) { note_recorded(tensor.storage().data(), stream); }

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const OptionalTensor& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  TORCH_CHECK(is_on_device(x) && is_on_device(weight) && (!bias || !bias->defined() || is_on_device(*bias)),
              "standin: a convolution of tensors on two devices");
  count_kernel();
  const BelowAutograd guard;
  const OptionalTensor own = bias && bias->defined() ? OptionalTensor(kernel_view(*bias)) : std::nullopt;
  return on_device(at::convolution(kernel_view(x), kernel_view(weight), own, stride, padding, dilation, transposed,
                                   output_padding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(const at::Tensor& slope, const at::Tensor& x,
                                                                    const at::Tensor& weight, at::IntArrayRef stride,
                                                                    at::IntArrayRef padding, at::IntArrayRef dilation,
                                                                    bool transposed, at::IntArrayRef output_padding,
                                                                    int64_t groups, std::array<bool, 3> wanted) {
  TORCH_CHECK(is_on_device(slope) && is_on_device(x) && is_on_device(weight),
              "standin: a convolution of tensors on two devices");
  count_kernel();
  const BelowAutograd guard;
  const auto [dx, dw, db] = at::convolution_backward(
      kernel_view(slope), kernel_view(x), kernel_view(weight),
      at::OptionalIntArrayRef(std::vector<int64_t>{weight.size(transposed ? 1 : 0) * (transposed ? groups : 1)}),
      stride, padding, dilation, transposed, output_padding, groups, wanted);
  const auto moved = [](const at::Tensor& tensor) { return tensor.defined() ? on_device(tensor) : at::Tensor(); };
  return {moved(dx), moved(dw), moved(db)};
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("_copy_from", copy_from);
  library.impl("_copy_from_and_resize", copy_from_and_resize);
  library.impl("_local_scalar_dense", local_scalar_dense);
  library.impl("resize_", resize_);
  library.impl("as_strided", as_strided);
  library.impl("view", TORCH_FN(at::native::view));
  library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  library.impl("unfold", TORCH_FN(at::native::unfold));
  library.impl("record_stream", record_stream);
  library.impl("convolution_overrideable", convolution);
  library.impl("convolution_backward_overrideable", convolution_backward);
}

}  // namespace standin
