// Convolution, pooling and padding.
#include <ATen/ATen.h>

#include <limits>
#include <numeric>

#include "onnx/rule.h"

namespace cvtool {
namespace {

// ONNX's [begin..., end...] of the last dimensions as LibTorch's pairs, the last dimension first.
Integers pairs_from_pads(const Integers& pads) {
  Integers pairs;
  for (size_t n = pads.size() / 2, i = n; i-- > 0;) {
    pairs.push_back(pads[i]);
    pairs.push_back(pads[n + i]);
  }
  return pairs;
}

// `x` with `pads` numbers before and behind its last dimensions.
at::Tensor padded(const OnnxCall& call, const at::Tensor& x, const Integers& pads, const at::Scalar& value) {
  Integers shape = x.sizes().vec();
  const size_t n = pads.size() / 2, first = shape.size() - n;
  for (size_t d = 0; d < n; ++d) shape[first + d] += pads[d] + pads[n + d];
  call.budget.spend(shape);
  return at::constant_pad_nd(x, pairs_from_pads(pads), value);
}

// The order of channels in memory in which oneDNN 3.7 (Debian 13) is right: the last for all channels at once (else it
// reads memory that it has not written), the first for groups.
at::Tensor ordered(const at::Tensor& t, int64_t groups) {
  return t.contiguous(t.dim() == 4 && groups == 1 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

// What a window's attributes say, for pictures of two or three dimensions.
struct Windows {
  Integers kernel, strides, dilations, pads;
};

Windows windows_of(const OnnxCall& call, const Integers& kernel) {
  const size_t n = kernel.size();
  if ((n != 2 && n != 3) || call.in[0].dim() != static_cast<int64_t>(n) + 2)
    call.fail("its input has " + std::to_string(call.in[0].dim()) + " dimensions, its window " + std::to_string(n));
  Windows w{call.checked("window", kernel, n, 1), call.attribute("strides", Integers(n, 1)),
            call.attribute("dilations", Integers(n, 1)), call.attribute("pads", Integers(2 * n, 0))};
  call.checked("strides", w.strides, n, 1);
  call.checked("dilations", w.dilations, n, 1);
  call.checked("pads", w.pads, 2 * n, 0);
  return w;
}

// Spends a result of `channels` channels over the padded `x`; `each` multiplications for each of its elements.
void spend_windows(const OnnxCall& call, const at::Tensor& x, const Windows& w, int64_t channels, double each) {
  Integers shape{x.size(0), channels};
  for (size_t d = 0; d < w.kernel.size(); ++d) {
    const int64_t free = x.size(static_cast<int64_t>(d) + 2) - (w.kernel[d] - 1) * w.dilations[d] - 1;
    if (free < 0) call.fail("its window is larger than its input " + c10::str(x.sizes()));
    shape.push_back(free / w.strides[d] + 1);
  }
  call.budget.spend(shape, each);
}

double product(const Integers& values) {
  return std::accumulate(values.begin(), values.end(), 1.0, [](double a, int64_t b) { return a * double(b); });
}

at::Tensor mean_of_windows(const at::Tensor& x, const Windows& w) {
  return w.kernel.size() == 3 ? at::avg_pool3d(x, w.kernel, w.strides) : at::avg_pool2d(x, w.kernel, w.strides);
}

}  // namespace

at::Tensor run_conv(const OnnxCall& call) {
  const at::Tensor& weight = call.in[1];
  if (weight.dim() < 3 || weight.size(0) == 0) call.fail("its weights have the shape " + c10::str(weight.sizes()));
  const Windows w = windows_of(call, weight.sizes().slice(2).vec());
  const auto groups = call.attribute("group", int64_t{1});
  if (groups < 1 || weight.size(0) % groups != 0 || call.in[0].size(1) != weight.size(1) * groups)
    call.fail("its " + std::to_string(groups) + " groups do not fit " + c10::str(call.in[0].sizes()) + " and weights " +
              c10::str(weight.sizes()));
  const at::Tensor x = padded(call, call.in[0], w.pads, 0);
  spend_windows(call, x, w, weight.size(0), static_cast<double>(weight.numel() / weight.size(0)));
  const Integers zeros(w.kernel.size(), 0);
  return at::convolution(ordered(x, groups), ordered(weight, groups), call.has(2) ? call.in[2] : at::Tensor(),
                         w.strides, zeros, w.dilations, false, zeros, groups);
}

at::Tensor run_max_pool(const OnnxCall& call) {
  const Windows w = windows_of(call, call.attribute("kernel_shape", Integers{}));
  if (w.kernel.size() != 2) call.fail("its window has " + std::to_string(w.kernel.size()) + " dimensions, not 2");
  const at::Tensor x = padded(call, call.in[0], w.pads, -std::numeric_limits<double>::infinity());
  spend_windows(call, x, w, x.size(1), product(w.kernel));
  return at::max_pool2d(x, w.kernel, w.strides, Integers(2, 0), w.dilations);
}

at::Tensor run_average_pool(const OnnxCall& call) {
  const Windows w = windows_of(call, call.attribute("kernel_shape", Integers{}));
  const at::Tensor x = padded(call, call.in[0], w.pads, 0);
  spend_windows(call, x, w, x.size(1), 2 * product(w.kernel));
  const at::Tensor sum = mean_of_windows(x, w);
  if (call.attribute("count_include_pad", int64_t{0})) return sum;
  return sum / mean_of_windows(padded(call, at::ones_like(call.in[0]), w.pads, 0), w);
}

at::Tensor run_pad(const OnnxCall& call) {
  if (call.attribute("mode", std::string("constant")) != "constant") call.fail("it does not pad with a constant");
  const Integers pads = call.integers(1);
  call.checked("pads", pads, 2 * static_cast<size_t>(call.in[0].dim()), 0);
  if (call.in[2].numel() != 1) call.fail("its padding is not one number");
  return padded(call, call.in[0], pads, call.in[2].item());
}

}  // namespace cvtool
