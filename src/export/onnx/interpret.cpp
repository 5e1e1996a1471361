#include "export/onnx/interpret.h"

#include <ATen/ATen.h>

#include <cstring>
#include <limits>
#include <map>

#include "base/error.h"

namespace cvtool {
namespace {

using Values = std::vector<at::Tensor>;  // undefined: an optional input that is not given
using Integers = std::vector<int64_t>;

template <class T>
T attribute(const OnnxNode& node, const char* name, const T& otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : std::get<T>(found->second);
}

Integers integers_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kLong).contiguous();
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

// ONNX's [begin..., end...] of the last dimensions as LibTorch's pairs, the last dimension first.
Integers pairs_from_pads(const Integers& pads) {
  Integers pairs;
  for (size_t n = pads.size() / 2, i = n; i-- > 0;) {
    pairs.push_back(pads[i]);
    pairs.push_back(pads[n + i]);
  }
  return pairs;
}

// The order of channels in memory in which oneDNN 3.7 (Debian 13) is right: the last for all channels at once (else it
// reads memory that it has not written), the first for groups.
at::Tensor ordered(const at::Tensor& t, int64_t groups) {
  return t.contiguous(t.dim() == 4 && groups == 1 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

at::Tensor run_conv(const OnnxNode& node, const Values& in) {
  const Integers ones(static_cast<size_t>(in[0].dim()) - 2, 1), zeros(ones.size(), 0);
  const at::Tensor x =
      at::constant_pad_nd(in[0], pairs_from_pads(attribute(node, "pads", Integers(2 * ones.size(), 0))));
  const int64_t groups = attribute(node, "group", int64_t{1});
  return at::convolution(ordered(x, groups), ordered(in[1], groups), in.size() > 2 ? in[2] : at::Tensor(),
                         attribute(node, "strides", ones), zeros, attribute(node, "dilations", ones), false, zeros,
                         groups);
}

at::Tensor run_max_pool(const OnnxNode& node, const Values& in) {
  const Integers kernel = attribute(node, "kernel_shape", Integers{}), ones(kernel.size(), 1), zeros(kernel.size(), 0);
  const at::Tensor x =
      at::constant_pad_nd(in[0], pairs_from_pads(attribute(node, "pads", Integers(2 * kernel.size(), 0))),
                          -std::numeric_limits<double>::infinity());
  return at::max_pool2d(x, kernel, attribute(node, "strides", ones), zeros, attribute(node, "dilations", ones));
}

at::Tensor mean_of_windows(const at::Tensor& x, const Integers& kernel, const Integers& strides) {
  return kernel.size() == 3 ? at::avg_pool3d(x, kernel, strides) : at::avg_pool2d(x, kernel, strides);
}

at::Tensor run_average_pool(const OnnxNode& node, const Values& in) {
  const Integers kernel = attribute(node, "kernel_shape", Integers{}),
                 strides = attribute(node, "strides", Integers(kernel.size(), 1));
  const Integers pads = pairs_from_pads(attribute(node, "pads", Integers(2 * kernel.size(), 0)));
  const at::Tensor sum = mean_of_windows(at::constant_pad_nd(in[0], pads), kernel, strides);
  if (attribute(node, "count_include_pad", int64_t{0})) return sum;
  return sum / mean_of_windows(at::constant_pad_nd(at::ones_like(in[0]), pads), kernel, strides);
}

Integers spatial(const at::Tensor& x) {
  Integers dims;
  for (int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

at::Tensor run_gemm(const OnnxNode& node, const Values& in) {
  const at::Tensor b = attribute(node, "transB", int64_t{0}) ? in[1].t() : in[1];
  return in.size() > 2 ? at::matmul(in[0], b) + in[2] : at::matmul(in[0], b);
}

at::Tensor run_reshape(const OnnxNode&, const Values& in) {
  Integers target = integers_of(in[1]);
  for (size_t d = 0; d < target.size(); ++d)
    if (target[d] == 0) target[d] = in[0].size(static_cast<int64_t>(d));
  return in[0].reshape(target);
}

at::Tensor run_slice(const OnnxNode&, const Values& in) {
  at::Tensor x = in[0];
  const Integers begin = integers_of(in[1]), end = integers_of(in[2]), axes = integers_of(in[3]);
  const Integers steps = in.size() > 4 ? integers_of(in[4]) : Integers(axes.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) x = x.slice(axes[i], begin[i], end[i], steps[i]);
  return x;
}

at::Tensor run_clip(const OnnxNode&, const Values& in) {
  at::Tensor x = in[0];
  if (in.size() > 1 && in[1].defined()) x = at::maximum(x, in[1]);
  if (in.size() > 2 && in[2].defined()) x = at::minimum(x, in[2]);
  return x;
}

at::Tensor run_batch_normalization(const OnnxNode& node, const Values& in) {
  Integers shape(static_cast<size_t>(in[0].dim()), 1);
  shape[1] = -1;
  const at::Tensor scale = in[1] / (in[4] + attribute(node, "epsilon", 1e-5F)).sqrt();
  return in[0] * scale.reshape(shape) + (in[2] - in[3] * scale).reshape(shape);
}

at::Tensor run_cast(const OnnxNode& node, const Values& in) {
  static const std::map<int64_t, at::ScalarType> types{{1, at::kFloat}, {2, at::kByte},    {7, at::kLong},
                                                       {10, at::kHalf}, {11, at::kDouble}, {16, at::kBFloat16}};
  return in[0].to(types.at(attribute(node, "to", int64_t{1})));
}

// A scale or zero point, one value or one per channel, so that it broadcasts over x.
at::Tensor along(const OnnxNode& node, const at::Tensor& values, const at::Tensor& x) {
  if (values.numel() == 1) return values.reshape({});
  Integers shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(attribute(node, "axis", int64_t{1}))] = -1;
  return values.reshape(shape);
}

at::Tensor run_quantize(const OnnxNode& node, const Values& in) {
  const bool has_sign = in[2].scalar_type() == at::kChar;
  const at::Tensor q = at::round(in[0] / along(node, in[1], in[0])) + along(node, in[2], in[0]).to(at::kFloat);
  return q.clamp(has_sign ? -128 : 0, has_sign ? 127 : 255).to(in[2].scalar_type());
}

at::Tensor run_dequantize(const OnnxNode& node, const Values& in) {
  const at::Tensor zero = in.size() > 2 ? along(node, in[2], in[0]).to(at::kFloat) : at::zeros({});
  return (in[0].to(at::kFloat) - zero) * along(node, in[1], in[0]);
}

using Rule = at::Tensor (*)(const OnnxNode&, const Values&);
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> table{
      {"Abs", [](const OnnxNode&, const Values& in) { return in[0].abs(); }},
      {"Add", [](const OnnxNode&, const Values& in) { return in[0] + in[1]; }},
      {"AveragePool", run_average_pool},
      {"BatchNormalization", run_batch_normalization},
      {"Cast", run_cast},
      {"Clip", run_clip},
      {"Concat",
       [](const OnnxNode& node, const Values& in) { return at::cat(in, attribute(node, "axis", int64_t{1})); }},
      {"Conv", run_conv},
      {"DequantizeLinear", run_dequantize},
      {"Div", [](const OnnxNode&, const Values& in) { return in[0] / in[1]; }},
      {"Elu", [](const OnnxNode& node, const Values& in) { return at::elu(in[0], attribute(node, "alpha", 1.0F)); }},
      {"Erf", [](const OnnxNode&, const Values& in) { return at::erf(in[0]); }},
      {"Exp", [](const OnnxNode&, const Values& in) { return in[0].exp(); }},
      {"Floor", [](const OnnxNode&, const Values& in) { return in[0].floor(); }},
      {"Gemm", run_gemm},
      {"GlobalAveragePool", [](const OnnxNode&, const Values& in) { return in[0].mean(spatial(in[0]), true); }},
      {"GlobalMaxPool", [](const OnnxNode&, const Values& in) { return in[0].amax(spatial(in[0]), true); }},
      {"Identity", [](const OnnxNode&, const Values& in) { return in[0]; }},
      {"LeakyRelu",
       [](const OnnxNode& node, const Values& in) { return at::leaky_relu(in[0], attribute(node, "alpha", 0.01F)); }},
      {"Log", [](const OnnxNode&, const Values& in) { return in[0].log(); }},
      {"LogSoftmax", [](const OnnxNode& node,
                        const Values& in) { return at::log_softmax(in[0], attribute(node, "axis", int64_t{-1})); }},
      {"MatMul", [](const OnnxNode&, const Values& in) { return at::matmul(in[0], in[1]); }},
      {"MaxPool", run_max_pool},
      {"Mul", [](const OnnxNode&, const Values& in) { return in[0] * in[1]; }},
      {"Neg", [](const OnnxNode&, const Values& in) { return -in[0]; }},
      {"PRelu", [](const OnnxNode&, const Values& in) { return at::where(in[0] < 0, in[0] * in[1], in[0]); }},
      {"Pad",
       [](const OnnxNode&, const Values& in) {
         return at::constant_pad_nd(in[0], pairs_from_pads(integers_of(in[1])), in[2].item());
       }},
      {"Pow", [](const OnnxNode&, const Values& in) { return at::pow(in[0], in[1]); }},
      {"QuantizeLinear", run_quantize},
      {"Reciprocal", [](const OnnxNode&, const Values& in) { return in[0].reciprocal(); }},
      {"ReduceMax",
       [](const OnnxNode& node, const Values& in) {
         return in[0].amax(attribute(node, "axes", Integers{}), attribute(node, "keepdims", int64_t{1}) != 0);
       }},
      {"ReduceMean",
       [](const OnnxNode& node, const Values& in) {
         return in[0].mean(attribute(node, "axes", Integers{}), attribute(node, "keepdims", int64_t{1}) != 0);
       }},
      {"Relu", [](const OnnxNode&, const Values& in) { return in[0].clamp_min(0); }},
      {"Reshape", run_reshape},
      {"Round", [](const OnnxNode&, const Values& in) { return in[0].round(); }},
      {"Selu", [](const OnnxNode&, const Values& in) { return at::selu(in[0]); }},
      {"Sigmoid", [](const OnnxNode&, const Values& in) { return in[0].sigmoid(); }},
      {"Slice", run_slice},
      {"Softmax",
       [](const OnnxNode& node, const Values& in) { return at::softmax(in[0], attribute(node, "axis", int64_t{-1})); }},
      {"Softplus", [](const OnnxNode&, const Values& in) { return at::softplus(in[0]); }},
      {"Sqrt", [](const OnnxNode&, const Values& in) { return in[0].sqrt(); }},
      {"Sub", [](const OnnxNode&, const Values& in) { return in[0] - in[1]; }},
      {"Tanh", [](const OnnxNode&, const Values& in) { return in[0].tanh(); }},
      {"Transpose",
       [](const OnnxNode& node, const Values& in) { return in[0].permute(attribute(node, "perm", Integers{})); }},
  };
  return table;
}

at::Tensor tensor_from_onnx(const OnnxTensor& tensor) {
  static const std::map<OnnxType, at::ScalarType> types{{OnnxType::kFloat, at::kFloat},
                                                        {OnnxType::kUint8, at::kByte},
                                                        {OnnxType::kInt8, at::kChar},
                                                        {OnnxType::kInt32, at::kInt},
                                                        {OnnxType::kInt64, at::kLong}};
  const auto type = types.find(tensor.type);
  if (type == types.end()) throw Error("holds a constant of type " + std::to_string(static_cast<int>(tensor.type)));
  at::Tensor out = at::empty(tensor.dims, type->second);
  if (out.nbytes() != tensor.bytes.size())
    throw Error("the constant '" + tensor.name + "' is not as long as its shape says");
  std::memcpy(out.data_ptr(), tensor.bytes.data(), out.nbytes());
  return out;
}

}  // namespace

OnnxInterpreter::OnnxInterpreter(OnnxModel model) : model_(std::move(model)) {
  for (const OnnxTensor& tensor : model_.constants) constants_[tensor.name] = tensor_from_onnx(tensor);
  model_.constants.clear();
  for (const OnnxNode& node : model_.nodes)
    if (!rules().count(node.op)) throw Error("holds the operation '" + node.op + "', which cvtool does not know");
}

at::Tensor OnnxInterpreter::run(const at::Tensor& images, const Watch& watch) const {
  at::NoGradGuard no_grad;
  std::unordered_map<std::string, at::Tensor> values{{model_.input.name, images}, {"", at::Tensor()}};
  for (const OnnxNode& node : model_.nodes) {
    Values inputs;
    for (const std::string& name : node.inputs) {
      const auto constant = constants_.find(name);
      inputs.push_back(constant == constants_.end() ? values.at(name) : constant->second);
    }
    const at::Tensor& value = values[node.outputs.at(0)] = rules().at(node.op)(node, inputs);
    if (watch) watch(node.outputs[0], value);
  }
  return values.at(model_.output.name);
}

}  // namespace cvtool
