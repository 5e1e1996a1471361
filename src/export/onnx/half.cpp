// fp16: weights and values in half precision from the first convolution or product on, up to the logits. Pixels and
// their scaling before it, and the probabilities behind, stay float32.
#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "export/onnx/export.h"
#include "onnx/classifier_graph.h"
#include "onnx/interpret.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

constexpr double kLargestHalf = 65504;
// Photos that nobody has measured may give larger values than those that were.
constexpr double kMargin = 2;
constexpr int64_t kMeasuredAtOnce = 16;

// The largest absolute value of each result in floating point.
std::map<std::string, double> largest_values(const OnnxModel& model, const at::Tensor& pixels) {
  std::map<std::string, double> largest;
  const OnnxInterpreter interpreter(model);
  const auto look = [&](const std::string& name, const at::Tensor& value) {
    if (!value.is_floating_point() || value.numel() == 0) return;
    double& most = largest[name];
    most = std::max(most, value.abs().max().item<double>());
  };
  for (const at::Tensor& part : pixels.split(kMeasuredAtOnce)) interpreter.run(part.to(at::kFloat), look);
  return largest;
}

// The nodes that make probabilities of logits, by name.
std::set<std::string> last_nodes(const OnnxModel& model) {
  std::set<std::string> names;
  for (const OnnxNode& node : model.nodes) names.insert(node.name);
  try {
    for (const OnnxNode& node : logits_graph(model).model.nodes) names.erase(node.name);
    return names;
  } catch (const Error&) {
    return {model.nodes.back().name};  // no classifier
  }
}

bool is_product(const OnnxNode& node) { return node.op == "Conv" || node.op == "Gemm" || node.op == "MatMul"; }

at::Tensor floats_in(const OnnxTensor& tensor) {
  return at::from_blob(const_cast<char*>(tensor.bytes.data()), tensor.dims, at::kFloat);
}

class Halver {
 public:
  Halver(const OnnxModel& model, const at::Tensor& pixels)
      : model_(model), out_(model), largest_(largest_values(model, pixels)), last_(last_nodes(model)) {
    out_.nodes.clear();
    for (const OnnxTensor& tensor : model.constants) {
      constants_[tensor.name] = &tensor;
      if (tensor.type == OnnxType::kFloat && tensor.bytes.size() > 0)
        largest_[tensor.name] = floats_in(tensor).abs().max().item<double>();
    }
  }

  OnnxModel run() {
    for (const OnnxNode& node : model_.nodes) add(node);
    drop_unused();
    return std::move(out_);
  }

  std::vector<WideValue> wide() const { return wide_; }

 private:
  bool is_half(const std::string& value) const { return half_.count(value) > 0; }
  bool is_float(const std::string& value) const { return value == model_.input.name || largest_.count(value) > 0; }

  // Whether the node is computed in half precision; remembers those that would be if their values were smaller.
  bool becomes_half(const OnnxNode& node) {
    const bool reached = is_product(node) || std::any_of(node.inputs.begin(), node.inputs.end(),
                                                         [&](const std::string& input) { return is_half(input); });
    if (!reached || last_.count(node.name) || node.op == "Cast" || !is_float(node.outputs[0])) return false;
    double most = largest_.at(node.outputs[0]) * kMargin;
    for (const std::string& input : node.inputs)
      if (constants_.count(input) && is_float(input)) most = std::max(most, largest_.at(input));
    if (most <= kLargestHalf) return true;
    wide_.push_back({node.name, largest_.at(node.outputs[0])});
    return false;
  }

  void add(const OnnxNode& node) {
    OnnxNode copy = node;
    const bool half = becomes_half(node);
    for (std::string& input : copy.inputs)
      if (!input.empty() && is_float(input)) input = half ? as_half(input) : as_float(input);
    if (half) half_.insert(node.outputs[0]);
    out_.nodes.push_back(std::move(copy));
  }

  std::string as_half(const std::string& value) {
    if (is_half(value)) return value;
    if (const auto constant = constants_.find(value); constant != constants_.end())
      return half_constant(*constant->second);
    return cast(value, "_half", OnnxType::kFloat16);
  }

  std::string as_float(const std::string& value) {
    return is_half(value) ? cast(value, "_float", OnnxType::kFloat) : value;
  }

  // Once for all who read it.
  std::string cast(const std::string& value, const char* end, OnnxType type) {
    const std::string name = value + end;
    if (made_.insert(name).second)
      out_.nodes.push_back({"Cast", name, {value}, {name}, {{"to", static_cast<int64_t>(type)}}});
    return name;
  }

  std::string half_constant(const OnnxTensor& tensor) {
    const std::string name = tensor.name + "_half";
    if (!made_.insert(name).second) return name;
    const at::Tensor half = floats_in(tensor).to(at::kHalf).contiguous();
    out_.constants.push_back({name, OnnxType::kFloat16, tensor.dims, bytes_of_tensor(half)});
    return name;
  }

  void drop_unused() {
    std::set<std::string> used;
    for (const OnnxNode& node : out_.nodes) used.insert(node.inputs.begin(), node.inputs.end());
    auto& constants = out_.constants;
    constants.erase(std::remove_if(constants.begin(), constants.end(),
                                   [&](const OnnxTensor& tensor) { return !used.count(tensor.name); }),
                    constants.end());
  }

  const OnnxModel& model_;
  OnnxModel out_;
  std::map<std::string, double> largest_;
  std::set<std::string> last_, half_, made_;
  std::map<std::string, const OnnxTensor*> constants_;
  std::vector<WideValue> wide_;
};

}  // namespace

OnnxModel halved(const OnnxModel& model, const at::Tensor& pixels, std::vector<WideValue>& wide) {
  Halver halver(model, pixels);
  OnnxModel out = halver.run();
  wide = halver.wide();
  return out;
}

}  // namespace cvtool
