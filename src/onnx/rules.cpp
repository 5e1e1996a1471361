// The table of rules.
#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>

#include <map>

#include "base/error.h"
#include "onnx/rule.h"

namespace cvtool {
namespace {

using Call = const OnnxCall&;

template <at::Tensor (*kFunction)(const at::Tensor&)>
at::Tensor each(Call call) {
  call.budget.spend(call.in[0].sizes());
  return kFunction(call.in[0]);
}

template <at::Tensor (*kFunction)(const at::Tensor&, const at::Tensor&)>
at::Tensor pairwise(Call call) {
  call.spend_broadcast(0, 1);
  return kFunction(call.in[0], call.in[1]);
}

at::Tensor add(const at::Tensor& a, const at::Tensor& b) { return a + b; }
at::Tensor subtract(const at::Tensor& a, const at::Tensor& b) { return a - b; }
// Of whole numbers ONNX cuts off what is behind the point.
at::Tensor divided(const at::Tensor& a, const at::Tensor& b) {
  if (a.is_floating_point() || b.is_floating_point()) return a / b;
  if (b.eq(0).any().item<bool>()) throw Error("it divides a whole number by 0");
  return at::div(a, b, "trunc");
}
at::Tensor relu(const at::Tensor& x) { return x.clamp_min(0); }
at::Tensor selu(const at::Tensor& x) { return at::selu(x); }
at::Tensor softplus(const at::Tensor& x) { return at::softplus(x); }
at::Tensor same(const at::Tensor& x) { return x; }

// All dimensions but batch and channels.
Integers spatial(Call call) {
  if (call.in[0].dim() < 3) call.fail("its input has the shape " + c10::str(call.in[0].sizes()));
  Integers dims;
  for (int64_t d = 2; d < call.in[0].dim(); ++d) dims.push_back(d);
  return dims;
}

at::Tensor run_concat(Call call) {
  Integers shape = call.in[0].sizes().vec();
  const int64_t axis = at::maybe_wrap_dim(call.attribute("axis", int64_t{1}), call.in[0].dim());
  for (size_t i = 1; i < call.in.size(); ++i) shape.at(static_cast<size_t>(axis)) += call.in[i].size(axis);
  call.budget.spend(shape);
  return at::cat(call.in, axis);
}

// LibTorch copies operands whose leading dimensions broadcast.
at::Tensor product_of(Call call, const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() < 1 || b.dim() < 1) call.fail("it multiplies a single number");
  const auto leading = [](const at::Tensor& t) { return t.sizes().slice(0, std::max<size_t>(t.dim(), 2) - 2); };
  const Integers batch =
      at::infer_size(a.dim() > 2 ? leading(a) : at::IntArrayRef(), b.dim() > 2 ? leading(b) : at::IntArrayRef());
  const int64_t m = a.dim() > 1 ? a.size(-2) : 1, n = b.dim() > 1 ? b.size(-1) : 1, k = a.size(-1);
  for (const auto& [rows, columns, work] :
       {std::tuple{m, n, k}, std::tuple{m, k, int64_t{1}}, std::tuple{k, n, int64_t{1}}}) {
    Integers shape = batch;
    shape.insert(shape.end(), {rows, columns});
    call.budget.spend(shape, static_cast<double>(work));
  }
  return at::matmul(a, b);
}

at::Tensor run_gemm(Call call) {
  if (call.in[0].dim() != 2 || call.in[1].dim() != 2) call.fail("it multiplies something else than two matrices");
  const at::Tensor y = product_of(call, call.in[0], call.attribute("transB", int64_t{0}) ? call.in[1].t() : call.in[1]);
  if (!call.has(2)) return y;
  if (at::infer_size(y.sizes(), call.in[2].sizes()) != y.sizes().vec())
    call.fail("its third input has the shape " + c10::str(call.in[2].sizes()));
  return y + call.in[2];
}

at::Tensor run_reshape(Call call) {
  Integers target = call.integers(1);
  for (size_t d = 0; d < target.size(); ++d)
    if (target[d] == 0) target[d] = call.in[0].size(static_cast<int64_t>(d));
  return call.in[0].reshape(target);
}

at::Tensor run_slice(Call call) {
  at::Tensor x = call.in[0];
  const Integers axes = call.integers(3), begin = call.integers(1), end = call.integers(2);
  const Integers steps = call.has(4) ? call.integers(4) : Integers(axes.size(), 1);
  if (begin.size() != axes.size() || end.size() != axes.size()) call.fail("it does not say where each cut is");
  call.checked("steps", steps, axes.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) x = x.slice(axes[i], begin[i], end[i], steps[i]);
  return x;
}

at::Tensor run_clip(Call call) {
  at::Tensor x = call.in[0];
  for (const size_t i : {1, 2}) {
    if (!call.has(i)) continue;
    if (call.in[i].numel() != 1) call.fail("its limits are not single numbers");
    const at::Tensor limit = call.in[i].reshape({});
    x = i == 1 ? at::maximum(x, limit) : at::minimum(x, limit);
  }
  return x;
}

at::Tensor run_batch_normalization(Call call) {
  const at::Tensor& x = call.in[0];
  if (x.dim() < 2) call.fail("its input has the shape " + c10::str(x.sizes()));
  for (size_t i = 1; i < 5; ++i)
    if (call.in[i].dim() != 1 || call.in[i].size(0) != x.size(1))
      call.fail("its input " + std::to_string(i) + " does not hold a number for each channel");
  Integers shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = -1;
  const at::Tensor scale = call.in[1] / (call.in[4] + call.attribute("epsilon", 1e-5F)).sqrt();
  return x * scale.reshape(shape) + (call.in[2] - call.in[3] * scale).reshape(shape);
}

at::Tensor run_cast(Call call) {
  static const std::map<int64_t, at::ScalarType> types{{1, at::kFloat}, {2, at::kByte},    {7, at::kLong},
                                                       {10, at::kHalf}, {11, at::kDouble}, {16, at::kBFloat16}};
  const auto type = types.find(call.attribute("to", int64_t{1}));
  if (type == types.end()) call.fail("it makes numbers of a type that cvtool does not write");
  return call.in[0].to(type->second);
}

// A scale or zero point, one value or one for each channel, so that it broadcasts over x.
at::Tensor along(Call call, const at::Tensor& values) {
  if (values.numel() == 1) return values.reshape({});
  const at::Tensor& x = call.in[0];
  const int64_t axis = at::maybe_wrap_dim(call.attribute("axis", int64_t{1}), x.dim());
  if (values.numel() != x.size(axis)) call.fail("it does not have a scale for each channel");
  Integers shape(static_cast<size_t>(x.dim()), 1);
  shape.at(static_cast<size_t>(axis)) = -1;
  return values.reshape(shape);
}

at::Tensor run_quantize(Call call) {
  const bool has_sign = call.in[2].scalar_type() == at::kChar;
  const at::Tensor q = at::round(call.in[0] / along(call, call.in[1])) + along(call, call.in[2]).to(at::kFloat);
  return q.clamp(has_sign ? -128 : 0, has_sign ? 127 : 255).to(has_sign ? at::kChar : at::kByte);
}

at::Tensor run_dequantize(Call call) {
  const at::Tensor zero = call.has(2) ? along(call, call.in[2]).to(at::kFloat) : at::zeros({});
  return (call.in[0].to(at::kFloat) - zero) * along(call, call.in[1]);
}

at::Tensor run_prelu(Call call) {
  call.spend_broadcast(0, 1);
  return at::where(call.in[0] < 0, call.in[0] * call.in[1], call.in[0]);
}

bool keeps_dims(Call call) { return call.attribute("keepdims", int64_t{1}) != 0; }
// Of a reduction: an attribute, from opset 18 on an input.
Integers axes_of(Call call) { return call.has(1) ? call.integers(1) : call.attribute("axes", Integers{}); }
int64_t last_axis(Call call) { return call.attribute("axis", int64_t{-1}); }

at::Tensor run_layer_normalization(Call call) {
  const at::Tensor& x = call.in[0];
  const int64_t axis = at::maybe_wrap_dim(call.attribute("axis", int64_t{-1}), x.dim());
  const Integers shape = x.sizes().slice(static_cast<size_t>(axis)).vec();
  for (size_t i = 1; i < 3; ++i)
    if (call.has(i) && call.in[i].sizes() != shape)
      call.fail("its input " + std::to_string(i) + " has the shape " + c10::str(call.in[i].sizes()));
  return at::layer_norm(x, shape, call.in[1], call.has(2) ? call.in[2] : at::Tensor(),
                        call.attribute("epsilon", 1e-5F));
}

at::Tensor run_gelu(Call call) {
  if (call.attribute("approximate", std::string("none")) != "none") call.fail("it is approximated");
  return at::gelu(call.in[0]);
}

int64_t single(Call call, size_t i) {
  if (call.in[i].numel() != 1) call.fail("its input " + std::to_string(i) + " is not one number");
  return call.integers(i)[0];
}

at::Tensor run_range(Call call) {
  const int64_t begin = single(call, 0), end = single(call, 1);
  if (single(call, 2) != 1 || begin != 0) call.fail("it does not count from 0 by 1");
  call.budget.spend({std::max<int64_t>(end, 0)});
  return at::arange(std::max<int64_t>(end, 0), at::kLong);
}

at::Tensor run_squeeze(Call call) {
  const Integers axes = call.integers(1);
  call.checked("axes", axes, 1, 0, 8);
  return call.in[0].squeeze(axes[0]);
}

at::Tensor run_reduce_sum(Call call) {
  const Integers axes = axes_of(call);
  if (axes.empty()) call.fail("it does not say over which dimensions");
  return call.in[0].sum(axes, keeps_dims(call));
}

const std::vector<OnnxRule>& onnx_rules() {
  static const std::vector<OnnxRule> rules{
      {"Abs", "n", "", each<at::abs>},
      {"Add", "nn", "", pairwise<add>},
      {"AveragePool", "f", "kernel_shape:v strides:v pads:v count_include_pad:i", run_average_pool},
      {"BatchNormalization", "fffff", "epsilon:f", run_batch_normalization},
      {"Cast", "b", "to:i", run_cast},
      {"Clip", "n?nn", "", run_clip},
      {"Concat", "n*", "axis:i", run_concat},
      {"Conv", "ff?f", "kernel_shape:v strides:v pads:v dilations:v group:i", run_conv},
      {"DequantizeLinear", "qf?q", "axis:i", run_dequantize},
      {"Div", "nn", "", pairwise<divided>},
      {"Elu", "f", "alpha:f", [](Call call) { return at::elu(call.in[0], call.attribute("alpha", 1.0F)); }},
      {"Equal", "nn", "", pairwise<at::eq>},
      {"Erf", "f", "", each<at::erf>},
      {"Exp", "f", "", each<at::exp>},
      {"Floor", "f", "", each<at::floor>},
      {"Gelu", "f", "approximate:s", run_gelu, 20},
      {"Gemm", "ff?f", "transB:i", run_gemm},
      {"GlobalAveragePool", "f", "", [](Call call) { return call.in[0].mean(spatial(call), true); }},
      {"GlobalMaxPool", "f", "", [](Call call) { return call.in[0].amax(spatial(call), true); }},
      {"Identity", "n", "", each<same>},
      {"LayerNormalization", "ff?f", "axis:i epsilon:f", run_layer_normalization, 17},
      {"LeakyRelu", "f", "alpha:f",
       [](Call call) { return at::leaky_relu(call.in[0], call.attribute("alpha", 0.01F)); }},
      {"Log", "f", "", each<at::log>},
      {"LogSoftmax", "f", "axis:i", [](Call call) { return at::log_softmax(call.in[0], last_axis(call)); }},
      {"MatMul", "nn", "", [](Call call) { return product_of(call, call.in[0], call.in[1]); }},
      {"Max", "nn", "", pairwise<at::maximum>},
      {"MaxPool", "f", "kernel_shape:v strides:v pads:v dilations:v", run_max_pool},
      {"Min", "nn", "", pairwise<at::minimum>},
      {"Mul", "nn", "", pairwise<at::mul>},
      {"Neg", "n", "", each<at::neg>},
      {"PRelu", "ff", "", run_prelu},
      {"Pad", "nln", "mode:s", run_pad},
      {"Pow", "nn", "", pairwise<at::pow>},
      {"QuantizeLinear", "ffq", "axis:i", run_quantize},
      {"Range", "lll", "", run_range},
      {"Reciprocal", "f", "", each<at::reciprocal>},
      {"ReduceMax", "n?l", "axes:v keepdims:i",
       [](Call call) { return call.in[0].amax(axes_of(call), keeps_dims(call)); }},
      {"ReduceMean", "f?l", "axes:v keepdims:i",
       [](Call call) { return call.in[0].mean(axes_of(call), keeps_dims(call)); }},
      {"ReduceSum", "n?l", "keepdims:i", run_reduce_sum},
      {"Relu", "n", "", each<relu>},
      {"Reshape", "nl", "", run_reshape},
      {"Round", "f", "", each<at::round>},
      {"Selu", "f", "", each<selu>},
      {"Shape", "n", "", [](Call call) { return at::tensor(call.in[0].sizes().vec(), at::kLong); }},
      {"Sigmoid", "f", "", each<at::sigmoid>},
      {"Slice", "nlll?l", "", run_slice},
      {"Softmax", "f", "axis:i", [](Call call) { return at::softmax(call.in[0], last_axis(call)); }},
      {"Softplus", "f", "", each<softplus>},
      {"Sqrt", "f", "", each<at::sqrt>},
      {"Squeeze", "nl", "", run_squeeze},
      {"Sub", "nn", "", pairwise<subtract>},
      {"Tanh", "f", "", each<at::tanh>},
      {"Transpose", "n", "perm:v", [](Call call) { return call.in[0].permute(call.attribute("perm", Integers{})); }},
  };
  return rules;
}

}  // namespace

const OnnxRule* find_onnx_rule(const std::string& op) {
  for (const OnnxRule& rule : onnx_rules())
    if (op == rule.op) return &rule;
  return nullptr;
}

std::vector<std::string> onnx_rule_names() {
  std::vector<std::string> names;
  for (const OnnxRule& rule : onnx_rules()) names.emplace_back(rule.op);
  return names;
}

}  // namespace cvtool
