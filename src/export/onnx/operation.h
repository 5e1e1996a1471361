// One aten operation on its way into an ONNX graph.
#pragma once

#include <memory>

#include "export/onnx/trace.h"
#include "onnx/onnx_model.h"

namespace cvtool {

using OnnxAttributes = std::map<std::string, OnnxAttribute>;

// The graph as it grows.
class OnnxBuilder {
 public:
  // `stem`: what the names of all that is added begin with.
  explicit OnnxBuilder(int64_t opset, std::string stem = "") : stem_(std::move(stem)) { model.opset = opset; }

  OnnxModel model;

  // Adds a node with one output and returns the name of that output.
  std::string add(const std::string& op, std::vector<std::string> inputs, OnnxAttributes attributes = {});
  // Adds a constant (float32 or int64) and returns its name.
  std::string constant(const at::Tensor& tensor);
  std::string constant(const std::vector<int64_t>& values);
  std::string scalar(double value);

 private:
  std::string unique(const std::string& kind);
  std::string stem_;
  std::unordered_map<std::string, int> used_;
};

class Operation {
 public:
  Operation(OnnxBuilder& builder, const torch::jit::Node& node, const std::vector<Traced*>& inputs,
            std::vector<Traced>& outputs)
      : builder_(builder), node_(node), inputs_(inputs), outputs_(outputs) {}

  std::string kind() const { return node_.kind().toQualString(); }
  size_t inputs() const { return inputs_.size(); }
  // True when optional input i is there.
  bool given(size_t i) const { return i < inputs_.size() && !inputs_[i]->value[0].isNone(); }
  bool on_pixels(size_t i) const { return inputs_[i]->depends_on_pixels(); }

  // The ONNX name of tensor or number i; a constant is added to the graph.
  std::string x(size_t i = 0);
  // The names of a list of tensors.
  std::vector<std::string> list(size_t i);

  // Constants. Throw Error naming the operation when they depend on pixels or batch.
  at::Tensor tensor(size_t i) const;
  int64_t integer(size_t i) const;
  std::vector<int64_t> integers(size_t i) const;  // a lone number is a list of one
  double number(size_t i) const;
  bool flag(size_t i) const;
  std::string text(size_t i) const;

  // Input i and output i for the first of kTraceBatches.
  at::Tensor input(size_t i = 0) const { return inputs_[i]->value[0].toTensor(); }
  at::Tensor output(size_t i = 0) const { return outputs_[i].value[0].toTensor(); }
  const c10::IValue& output_value() const { return outputs_[0].value[0]; }
  int64_t rank(size_t i = 0) const { return input(i).dim(); }
  // A dimension that may be counted from the end, of input i.
  int64_t axis(int64_t dim, size_t i = 0) const { return dim < 0 ? dim + rank(i) : dim; }
  // True when the tensors of this shape hold one row per picture in dimension `dim`.
  bool is_batch(int64_t dim, size_t i = 0) const;

  std::string add(const std::string& op, std::vector<std::string> inputs, OnnxAttributes attributes = {}) {
    return builder_.add(op, std::move(inputs), std::move(attributes));
  }
  std::string constant(const at::Tensor& tensor) { return builder_.constant(tensor); }
  std::string constant(const std::vector<int64_t>& values) { return builder_.constant(values); }
  std::string scalar(double value) { return builder_.scalar(value); }
  // Value `x` in the shape of output 0, or of item `item` of its list.
  std::string reshaped(const std::string& x, int64_t item = -1);

  // Of the model that is written; see kOnnxOpsets.
  int64_t opset() const { return builder_.model.opset; }
  // A reduction of `x` over `axes`, which stay as sizes of 1 where `keep` says so.
  std::string reduced(const std::string& op, const std::string& x, const Integers& axes, bool keep);

  void result(const std::string& name, size_t i = 0) { outputs_[i].name = name; }
  void result_list(const std::vector<std::string>& names);

  [[noreturn]] void fail(const std::string& why) const;

 private:
  const c10::IValue& fixed(size_t i) const;

  OnnxBuilder& builder_;
  const torch::jit::Node& node_;
  const std::vector<Traced*>& inputs_;
  std::vector<Traced>& outputs_;
};

// The table's rows, by family.
struct OperationKind {
  const char* name;  // "aten::relu"; a trailing '_' is the same operation in place
  void (*write)(Operation& op);
};
const std::vector<OperationKind>& convolution_kinds();
const std::vector<OperationKind>& arithmetic_kinds();
const std::vector<OperationKind>& activation_kinds();
const std::vector<OperationKind>& shape_kinds();

}  // namespace cvtool
