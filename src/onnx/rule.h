// How the interpreter does one kind of operation: what a node of it must look like, and what it computes.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "onnx/onnx_model.h"

namespace cvtool {

// What one run may take, so that a damaged size is an error and not a machine without memory or a program without end.
class OnnxBudget {
 public:
  explicit OnnxBudget(int64_t pictures);

  // To be called before a value of this shape is computed, with the number of multiplications for each of its elements.
  // Throws Error where it is more than a run may hold or compute.
  void spend(at::IntArrayRef shape, double each = 1);
  // Elements that are kept (below 0: given back).
  void hold(int64_t elements);

 private:
  double max_elements_, held_ = 0, work_left_;
};

// A node about to be computed. Its inputs are as many, and of the types, that its rule says; so are its attributes.
struct OnnxCall {
  const OnnxNode& node;
  const std::vector<at::Tensor>& in;  // undefined: an optional input that is not given
  OnnxBudget& budget;

  bool has(size_t i) const { return i < in.size() && in[i].defined(); }
  template <class T>
  T attribute(const char* name, const T& otherwise) const {
    const auto found = node.attributes.find(name);
    return found == node.attributes.end() ? otherwise : std::get<T>(found->second);
  }
  // Of an input that is a list of int64.
  Integers integers(size_t i) const;
  // An attribute or input that is a list of `count` numbers in [low, high]; throws Error otherwise.
  const Integers& checked(const char* what, const Integers& values, size_t count, int64_t low,
                          int64_t high = kMaxStep) const;
  // Spends what an operation on two inputs that broadcast gives.
  void spend_broadcast(size_t i, size_t j) const;
  [[noreturn]] void fail(const std::string& why) const;

  static constexpr int64_t kMaxStep = 1 << 16;  // of a window, a stride, a padding
};

struct OnnxRule {
  const char* op;
  // A letter for each input, those behind '?' optional, a last '*' for any number of the one before:
  // f float32, float64, float16 or bfloat16; n any number; l int64; q int8, uint8 or int32; b truth values or any
  // number.
  const char* inputs;
  // "name:kind" separated by blanks; kinds: i integer, f float, s text, v integers.
  const char* attributes;
  at::Tensor (*run)(const OnnxCall& call);
  int64_t since = kOnnxOpsets[0].number;  // the first opset that has it
};

// Null: there is none.
const OnnxRule* find_onnx_rule(const std::string& op);
std::vector<std::string> onnx_rule_names();

// Windows over pixels, in rules_windows.cpp.
at::Tensor run_conv(const OnnxCall& call);
at::Tensor run_max_pool(const OnnxCall& call);
at::Tensor run_average_pool(const OnnxCall& call);
at::Tensor run_pad(const OnnxCall& call);

// Throws Error naming the node, unless it is of the opset, has an output, its rule's inputs, and attributes of its
// rule's names and types.
void check_onnx_node(const OnnxNode& node, int64_t opset);
// Throws Error naming the node whose inputs are of other types than its rule's, or of more than 8 dimensions.
void check_onnx_inputs(const OnnxRule& rule, const OnnxCall& call);

}  // namespace cvtool
