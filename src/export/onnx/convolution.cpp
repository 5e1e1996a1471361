// Convolution, pooling, matrix products and what normalises.
#include <ATen/ATen.h>

#include "export/onnx/operation.h"

namespace cvtool {
namespace {

std::vector<int64_t> twice(const std::vector<int64_t>& values, size_t n) {
  return values.size() == n ? values : std::vector<int64_t>(n, values.at(0));
}

std::vector<int64_t> both_sides(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  std::vector<int64_t> pads = before;
  pads.insert(pads.end(), after.begin(), after.end());
  return pads;
}

struct ConvolutionPlan {
  std::vector<int64_t> stride, padding, dilation;
  int64_t groups = 1;
};

void write_convolution(Operation& op, const ConvolutionPlan& plan) {
  const auto size = op.tensor(1).sizes().slice(2).vec();
  const size_t n = size.size();
  std::vector<std::string> inputs{op.x(0), op.x(1)};
  if (op.given(2)) inputs.push_back(op.x(2));
  const auto padding = twice(plan.padding, n);
  op.result(op.add("Conv", inputs,
                   {{"kernel_shape", size},
                    {"strides", twice(plan.stride, n)},
                    {"pads", both_sides(padding, padding)},
                    {"dilations", twice(plan.dilation, n)},
                    {"group", plan.groups}}));
}

// input, weight, bias, stride, padding, dilation, groups
void conv(Operation& op) { write_convolution(op, {op.integers(3), op.integers(4), op.integers(5), op.integer(6)}); }

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, ...
void traced_conv(Operation& op) {
  if (op.flag(6)) op.fail("it is transposed");
  write_convolution(op, {op.integers(3), op.integers(4), op.integers(5), op.integer(8)});
}

struct Pool {
  std::vector<int64_t> kernel, stride, padding, dilation;
};

// Zeros on both sides of the last dimensions.
std::string padded(Operation& op, const std::vector<int64_t>& padding) {
  std::vector<int64_t> pads(static_cast<size_t>(op.rank()) - padding.size(), 0);
  pads.insert(pads.end(), padding.begin(), padding.end());
  return op.add("Pad", {op.x(), op.constant(both_sides(pads, pads)), op.scalar(0)},
                {{"mode", std::string("constant")}});
}

// LibTorch's and ONNX's rules for a last, partial window differ; the result's size is known, so the padding behind says
// what is meant.
std::vector<int64_t> padding_behind(Operation& op, const Pool& pool) {
  std::vector<int64_t> behind = pool.padding;
  const auto first = static_cast<size_t>(op.rank()) - pool.kernel.size();
  for (size_t d = 0; d < pool.kernel.size(); ++d) {
    const int64_t in = op.input().size(static_cast<int64_t>(first + d)),
                  out = op.output().size(static_cast<int64_t>(first + d));
    const int64_t covered = (out - 1) * pool.stride[d] + pool.dilation[d] * (pool.kernel[d] - 1) + 1;
    behind[d] = std::max(behind[d], covered - in - pool.padding[d]);
  }
  return behind;
}

Pool pool_from(Operation& op, size_t dilation) {
  Pool pool;
  pool.kernel = op.integers(1);
  const size_t n = pool.kernel.size() == 1 ? 2 : pool.kernel.size();
  pool.kernel = twice(pool.kernel, n);
  const auto stride = op.given(2) ? op.integers(2) : std::vector<int64_t>{};
  pool.stride = stride.empty() ? pool.kernel : twice(stride, n);
  pool.padding = twice(op.integers(3), n);
  pool.dilation = dilation ? twice(op.integers(dilation), n) : std::vector<int64_t>(n, 1);
  return pool;
}

// input, kernel, stride, padding, dilation, ceil_mode
void max_pool(Operation& op) {
  const Pool pool = pool_from(op, 4);
  OnnxAttributes attributes{{"kernel_shape", pool.kernel},
                            {"strides", pool.stride},
                            {"pads", both_sides(pool.padding, padding_behind(op, pool))}};
  if (pool.dilation != std::vector<int64_t>(pool.kernel.size(), 1)) attributes["dilations"] = pool.dilation;
  op.result(op.add("MaxPool", {op.x()}, attributes));
}

// input, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override
void avg_pool(Operation& op) {
  Pool pool = pool_from(op, 0);
  if (op.given(6)) op.fail("it overrides the divisor");
  std::string x = op.x();
  const std::vector<int64_t> zero(pool.kernel.size(), 0);
  auto behind = padding_behind(op, pool);
  if (op.flag(5) && pool.padding != zero) {
    x = padded(op, pool.padding);
    for (size_t d = 0; d < behind.size(); ++d) behind[d] -= pool.padding[d];
    pool.padding = zero;
  }
  op.result(op.add("AveragePool", {x},
                   {{"kernel_shape", pool.kernel},
                    {"strides", pool.stride},
                    {"pads", both_sides(pool.padding, behind)},
                    {"count_include_pad", int64_t{0}}}));
}

// Windows of unequal size: a matrix [inputs, outputs] over the flattened map.
std::string pooled_by_matrix(Operation& op, const at::Tensor& in, const at::Tensor& out) {
  const int64_t ih = in.size(2), iw = in.size(3), oh = out.size(2), ow = out.size(3);
  const at::Tensor units = at::eye(ih * iw, at::kDouble).reshape({ih * iw, ih, iw});
  const at::Tensor matrix = at::adaptive_avg_pool2d(units, {oh, ow}).reshape({ih * iw, oh * ow});
  const std::string flat = op.add("Reshape", {op.x(), op.constant({0, in.size(1), ih * iw})});
  return op.reshaped(op.add("MatMul", {flat, op.constant(matrix)}));
}

void adaptive_avg_pool(Operation& op) {
  const at::Tensor in = op.input(), out = op.output();
  if (in.dim() != 4) op.fail("its input has " + std::to_string(in.dim()) + " dimensions, not 4");
  const int64_t height = out.size(2), width = out.size(3);
  if (height == in.size(2) && width == in.size(3)) return op.result(op.x());
  if (height == 1 && width == 1) return op.result(op.add("GlobalAveragePool", {op.x()}));
  if (in.size(2) % height != 0 || in.size(3) % width != 0) return op.result(pooled_by_matrix(op, in, out));
  const std::vector<int64_t> window{in.size(2) / height, in.size(3) / width};
  op.result(op.add("AveragePool", {op.x()}, {{"kernel_shape", window}, {"strides", window}}));
}

// input, weight [out,in], bias
void linear(Operation& op) {
  if (op.rank() == 2 && !op.on_pixels(1)) {
    std::vector<std::string> inputs{op.x(0), op.x(1)};
    if (op.given(2)) inputs.push_back(op.x(2));
    return op.result(op.add("Gemm", inputs, {{"transB", int64_t{1}}}));
  }
  std::string y = op.add("MatMul", {op.x(0), op.constant(op.tensor(1).t())});
  if (op.given(2)) y = op.add("Add", {y, op.x(2)});
  op.result(y);
}

// bias, a, b, beta, alpha
void addmm(Operation& op) {
  if (op.number(3) != 1 || op.number(4) != 1) op.fail("beta and alpha other than 1");
  if (op.on_pixels(2)) return op.result(op.add("Add", {op.add("MatMul", {op.x(1), op.x(2)}), op.x(0)}));
  op.result(op.add("Gemm", {op.x(1), op.constant(op.tensor(2).t().contiguous()), op.x(0)}, {{"transB", int64_t{1}}}));
}

void matmul(Operation& op) { op.result(op.add("MatMul", {op.x(0), op.x(1)})); }

// input, weight, bias, mean, variance, training, momentum, epsilon, ...
void batch_norm(Operation& op) {
  if (op.flag(5)) op.fail("it is in training mode; call eval() before tracing or scripting");
  const at::Tensor mean = op.tensor(3);
  const std::string scale = op.given(1) ? op.x(1) : op.constant(at::ones_like(mean));
  const std::string offset = op.given(2) ? op.x(2) : op.constant(at::zeros_like(mean));
  op.result(op.add("BatchNormalization", {op.x(0), scale, offset, op.x(3), op.x(4)},
                   {{"epsilon", static_cast<float>(op.number(7))}}));
}

// Ba, Kiros, Hinton, "Layer Normalization" (2016), in the operations of an opset that lacks it.
std::string normalized(Operation& op, const Integers& axes, double epsilon) {
  const std::string centred = op.add("Sub", {op.x(), op.reduced("ReduceMean", op.x(), axes, true)});
  const std::string variance = op.reduced("ReduceMean", op.add("Mul", {centred, centred}), axes, true);
  return op.add("Div", {centred, op.add("Sqrt", {op.add("Add", {variance, op.scalar(epsilon)})})});
}

// input, shape of what is normalised, weight, bias, epsilon, ...
void layer_norm(Operation& op) {
  const Integers shape = op.integers(1);
  Integers axes;
  for (int64_t d = op.rank() - static_cast<int64_t>(shape.size()); d < op.rank(); ++d) axes.push_back(d);
  if (axes.empty() || axes[0] == 0) op.fail("it goes over the batch");
  const bool weighted = op.given(2), shifted = op.given(3);
  if (op.opset() >= 17) {
    std::vector<std::string> inputs{op.x(0), weighted ? op.x(2) : op.constant(at::ones(shape))};
    if (shifted) inputs.push_back(op.x(3));
    const auto epsilon = static_cast<float>(op.number(4));
    return op.result(op.add("LayerNormalization", inputs, {{"axis", axes[0]}, {"epsilon", epsilon}}));
  }
  std::string y = normalized(op, axes, op.number(4));
  if (weighted) y = op.add("Mul", {y, op.x(2)});
  op.result(shifted ? op.add("Add", {y, op.x(3)}) : y);
}

}  // namespace

const std::vector<OperationKind>& convolution_kinds() {
  static const std::vector<OperationKind> kinds{
      {"aten::_convolution", traced_conv},
      {"aten::adaptive_avg_pool2d", adaptive_avg_pool},
      {"aten::addmm", addmm},
      {"aten::avg_pool2d", avg_pool},
      {"aten::avg_pool3d", avg_pool},
      {"aten::batch_norm", batch_norm},
      {"aten::bmm", matmul},
      {"aten::conv2d", conv},
      {"aten::layer_norm", layer_norm},
      {"aten::linear", linear},
      {"aten::matmul", matmul},
      {"aten::max_pool2d", max_pool},
      {"aten::mm", matmul},
  };
  return kinds;
}

}  // namespace cvtool
