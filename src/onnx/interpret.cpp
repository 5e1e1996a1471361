#include "onnx/interpret.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_set>

#include "base/error.h"
#include "base/refusal.h"
#include "onnx/rule.h"

namespace cvtool {
namespace {

at::Tensor tensor_from_onnx(const OnnxTensor& tensor) {
  static const std::map<OnnxType, at::ScalarType> types{
      {OnnxType::kFloat, at::kFloat}, {OnnxType::kUint8, at::kByte}, {OnnxType::kInt8, at::kChar},
      {OnnxType::kInt32, at::kInt},   {OnnxType::kInt64, at::kLong}, {OnnxType::kFloat16, at::kHalf}};
  const auto type = types.find(tensor.type);
  if (type == types.end()) throw Error("holds a constant of type " + std::to_string(static_cast<int>(tensor.type)));
  // In floating point: the sizes may be anything. Before any memory is taken.
  double bytes = static_cast<double>(c10::elementSize(type->second));
  for (const int64_t size : tensor.dims) bytes = size < 0 ? -1 : bytes * static_cast<double>(size);
  if (bytes != static_cast<double>(tensor.bytes.size()))
    throw Error("the constant '" + tensor.name + "' is not as long as its shape says");
  at::Tensor out = at::empty(tensor.dims, type->second);
  // An empty tensor has no memory, and a null pointer is undefined behaviour even for no bytes.
  if (!tensor.bytes.empty()) std::memcpy(out.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

// Every name is given once, and before it is read.
void check_names(const OnnxModel& model) {
  std::unordered_set<std::string> known{model.input.name}, later;
  for (const OnnxTensor& tensor : model.constants)
    if (!known.insert(tensor.name).second) throw Error("holds two values called '" + tensor.name + "'");
  for (const OnnxNode& node : model.nodes) later.insert(node.outputs.begin(), node.outputs.end());
  for (const OnnxNode& node : model.nodes) {
    for (const std::string& input : node.inputs)
      if (!input.empty() && !known.count(input))
        throw Error("its operation '" + node.name + "' reads '" + input + "', which " +
                    (later.count(input) ? "is computed behind it" : "nothing computes"));
    if (!known.insert(node.outputs[0]).second) throw Error("holds two values called '" + node.outputs[0] + "'");
  }
  if (!known.count(model.output.name))
    throw Error("holds nothing that computes its output '" + model.output.name + "'");
}

std::string first_line_of(const std::string& text) { return text.substr(0, text.find('\n')); }

// LibTorch has no convolution in half precision on a processor. So operations are computed in float32 and their results
// rounded, which is what hardware that adds up in float32 does.
std::vector<at::Tensor> widened(const std::vector<at::Tensor>& inputs, OnnxBudget& budget) {
  std::vector<at::Tensor> out = inputs;
  for (at::Tensor& input : out)
    if (input.defined() && input.scalar_type() == at::kHalf) {
      budget.spend(input.sizes());
      input = input.to(at::kFloat);
    }
  return out;
}

// Whether the result is in half precision. Throws Error for a node that mixes it with float32, which ONNX does not
// have.
bool gives_half(const OnnxNode& node, const std::vector<at::Tensor>& inputs) {
  if (node.op == "Cast") return false;
  const auto any = [&](at::ScalarType type) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const at::Tensor& input) { return input.defined() && input.scalar_type() == type; });
  };
  if (any(at::kHalf) && any(at::kFloat)) throw Error("it mixes float16 and float32");
  return any(at::kHalf);
}

at::Tensor computed(const OnnxNode& node, const std::vector<at::Tensor>& inputs, OnnxBudget& budget) {
  try {
    const OnnxRule& rule = *find_onnx_rule(node.op);
    check_onnx_inputs(rule, {node, inputs, budget});
    const std::vector<at::Tensor> whole = widened(inputs, budget);
    at::Tensor value = rule.run({node, whole, budget});
    budget.spend(value.sizes());
    if (gives_half(node, inputs) && value.scalar_type() == at::kFloat) value = value.to(at::kHalf);
    budget.hold(value.numel());
    return value;
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error("cannot run its operation '" + node.name + "' (" + node.op + "): " + first_line_of(error.what()));
  }
}

}  // namespace

OnnxInterpreter::OnnxInterpreter(OnnxModel model) : model_(std::move(model)) {
  if (model_.input.type != OnnxType::kFloat) throw Error("takes something else than floats");
  for (const OnnxNode& node : model_.nodes) check_onnx_node(node, model_.opset);
  check_names(model_);
  for (const OnnxTensor& tensor : model_.constants) constants_[tensor.name] = tensor_from_onnx(tensor);
  model_.constants.clear();
  for (size_t i = 0; i < model_.nodes.size(); ++i)
    for (const std::string& input : model_.nodes[i].inputs) last_reader_[input] = i;
  last_reader_[model_.output.name] = model_.nodes.size();
}

at::Tensor OnnxInterpreter::run(const at::Tensor& images, const Watch& watch) const {
  at::NoGradGuard no_grad;
  OnnxBudget budget(images.size(0));
  std::unordered_map<std::string, at::Tensor> values{{model_.input.name, images}};
  const auto value_of = [&](const std::string& name) {
    if (name.empty()) return at::Tensor();
    const auto constant = constants_.find(name);
    return constant == constants_.end() ? values.at(name) : constant->second;
  };
  for (size_t i = 0; i < model_.nodes.size(); ++i) {
    const OnnxNode& node = model_.nodes[i];
    std::vector<at::Tensor> inputs;
    for (const std::string& name : node.inputs) inputs.push_back(value_of(name));
    const at::Tensor& value = values[node.outputs[0]] = computed(node, inputs, budget);
    if (watch) watch(node.outputs[0], value);
    for (const std::string& name : node.inputs)
      if (const auto read = values.find(name); read != values.end() && last_reader_.at(name) == i) {
        if (name != model_.input.name) budget.hold(-read->second.numel());
        values.erase(read);
      }
  }
  const at::Tensor output = value_of(model_.output.name);
  const auto& dims = model_.output.dims;
  bool fits = static_cast<size_t>(output.dim()) == dims.size();
  for (size_t d = 0; fits && d < dims.size(); ++d)
    fits = dims[d] < 0 || dims[d] == output.size(static_cast<int64_t>(d));
  if (!fits) throw Error("gives " + c10::str(output.sizes()) + ", which is not the shape that it says");
  return output;
}

}  // namespace cvtool
