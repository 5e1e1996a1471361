// int8 as ONNX Runtime understands it: QuantizeLinear and DequantizeLinear around what is to be computed in integers.
#include <ATen/ATen.h>

#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "export/onnx/export.h"
#include "onnx/interpret.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

constexpr int64_t kCalibratedAtOnce = 16;

struct Range {
  double low = 0, high = 0;  // 0 is always inside: padding must be exact
};
using Ranges = std::map<std::string, Range>;

Ranges measured_ranges(const OnnxModel& model, const at::Tensor& pixels) {
  const OnnxInterpreter interpreter(model);
  Ranges ranges;
  const auto widen = [&](const std::string& name, const at::Tensor& value) {
    if (!value.is_floating_point()) return;
    Range& range = ranges[name];
    range.low = std::min(range.low, value.min().item<double>());
    range.high = std::max(range.high, value.max().item<double>());
  };
  for (const at::Tensor& part : pixels.split(kCalibratedAtOnce)) {
    const at::Tensor images = part.to(at::kFloat);
    widen(model.input.name, images);
    interpreter.run(images, widen);
  }
  return ranges;
}

OnnxTensor onnx_tensor(const std::string& name, const at::Tensor& value, OnnxType type) {
  const at::Tensor flat = value.contiguous();
  return {name, type, flat.sizes().vec(), bytes_of_tensor(flat)};
}

at::Tensor floats_of(const OnnxTensor& tensor) {
  at::Tensor out = at::empty(tensor.dims, at::kFloat);
  std::memcpy(out.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

class Quantizer {
 public:
  Quantizer(const OnnxModel& model, Ranges ranges) : model_(model), ranges_(std::move(ranges)), out_(model) {
    out_.nodes.clear();
    for (const OnnxTensor& tensor : model.constants) constants_[tensor.name] = &tensor;
  }

  OnnxModel run() {
    for (const OnnxNode& node : model_.nodes) {
      OnnxNode copy = node;
      const bool product = (node.op == "Conv" || node.op == "Gemm") && constants_.count(node.inputs.at(1)) &&
                           ranges_.count(node.inputs[0]);
      if (product) quantize_product(copy);
      out_.nodes.push_back(std::move(copy));
    }
    drop_unused_constants();
    return std::move(out_);
  }

 private:
  std::string add_constant(const std::string& name, const at::Tensor& value, OnnxType type) {
    out_.constants.push_back(onnx_tensor(name, value, type));
    return name;
  }

  std::string add_node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                       OnnxAttribute axis = int64_t{-1}) {
    OnnxNode node{op, name, std::move(inputs), {name}, {}};
    if (std::get<int64_t>(axis) >= 0) node.attributes["axis"] = axis;
    out_.nodes.push_back(std::move(node));
    return name;
  }

  // An activation through uint8; once for all who read it. Returns its scale.
  double quantize_activation(std::string& name) {
    const Range& range = ranges_.at(name);
    const double scale = std::max((range.high - range.low) / 255, 1e-8);
    const std::string stem = name;
    name += "_dequantized";
    if (!activations_.insert(stem).second) return scale;
    const auto zero = static_cast<uint8_t>(std::clamp(std::round(-range.low / scale), 0.0, 255.0));
    const std::string s = add_constant(stem + "_scale", at::tensor(scale, at::kFloat), OnnxType::kFloat);
    const std::string z =
        add_constant(stem + "_zero", at::tensor(static_cast<int64_t>(zero), at::kLong).to(at::kByte), OnnxType::kUint8);
    add_node("DequantizeLinear", name, {add_node("QuantizeLinear", stem + "_quantized", {stem, s, z}), s, z});
    return scale;
  }

  // Rows (output channels) of int8, symmetric. Returns their scales.
  at::Tensor quantize_weight(std::string& name) {
    const at::Tensor weight = floats_of(*constants_.at(name)), rows = weight.flatten(1);
    const at::Tensor scale = (rows.abs().amax({1}) / 127).clamp_min(1e-12);
    const std::string stem = name;
    name += "_dequantized";
    if (!weights_.insert(stem).second) return scale;
    const at::Tensor values =
        (rows / scale.unsqueeze(1)).round().clamp(-127, 127).to(at::kChar).reshape(weight.sizes());
    add_node(
        "DequantizeLinear", name,
        {add_constant(stem + "_int8", values, OnnxType::kInt8), add_constant(stem + "_scale", scale, OnnxType::kFloat),
         add_constant(stem + "_zero", at::zeros_like(scale, at::kChar), OnnxType::kInt8)},
        int64_t{0});
    return scale;
  }

  void quantize_bias(std::string& name, const at::Tensor& scale, const std::string& owner) {
    const at::Tensor bias = floats_of(*constants_.at(name));
    const double max = std::numeric_limits<int32_t>::max();
    const at::Tensor values = (bias.to(at::kDouble) / scale).round().clamp(-max, max).to(at::kInt);
    name = add_node("DequantizeLinear", owner + "_bias_dequantized",
                    {add_constant(owner + "_bias_int32", values, OnnxType::kInt32),
                     add_constant(owner + "_bias_scale", scale.to(at::kFloat), OnnxType::kFloat),
                     add_constant(owner + "_bias_zero", at::zeros_like(values), OnnxType::kInt32)},
                    int64_t{0});
  }

  void quantize_product(OnnxNode& node) {
    const double scale = quantize_activation(node.inputs[0]);
    const at::Tensor scales = quantize_weight(node.inputs[1]).to(at::kDouble) * scale;
    if (node.inputs.size() > 2 && constants_.count(node.inputs[2])) quantize_bias(node.inputs[2], scales, node.name);
  }

  void drop_unused_constants() {
    std::set<std::string> used;
    for (const OnnxNode& node : out_.nodes) used.insert(node.inputs.begin(), node.inputs.end());
    std::vector<OnnxTensor> kept;
    for (OnnxTensor& tensor : out_.constants)
      if (used.count(tensor.name)) kept.push_back(std::move(tensor));
    out_.constants = std::move(kept);
  }

  const OnnxModel& model_;
  Ranges ranges_;
  OnnxModel out_;
  std::map<std::string, const OnnxTensor*> constants_;
  std::set<std::string> activations_, weights_;
};

}  // namespace

OnnxModel quantized(const OnnxModel& model, const at::Tensor& pixels) {
  return Quantizer(model, measured_ranges(model, pixels)).run();
}

}  // namespace cvtool
