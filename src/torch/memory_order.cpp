#include "torch/memory_order.h"

#include <ATen/ATen.h>

namespace cvtool {

at::Tensor channels_last(const at::Tensor& x) {
  const at::Tensor last = x.contiguous(at::MemoryFormat::ChannelsLast);
  if (last.size(1) != 1) return last;
  return last.as_strided(last.sizes(), {last.size(2) * last.size(3), 1, last.size(3), 1});
}

}  // namespace cvtool
