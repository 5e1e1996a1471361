#include "onnx/rule.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

// For each picture: 1 GiB of float32 in one value, four times that in all; VGG16 for pictures of 3,000 pixels.
constexpr double kMaxElements = 1 << 28, kMaxHeld = 4 * kMaxElements, kMaxWork = 4e12;
constexpr int64_t kMaxRank = 8;
constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

std::string node_text(const OnnxNode& node) { return "its operation '" + node.name + "' (" + node.op + ")"; }

struct Arity {
  size_t least, most;
};

Arity arity_of(const std::string& letters) {
  const size_t optional = letters.find('?');
  if (letters.back() == '*') return {letters.size() - 1, kAnyNumber};
  if (optional == std::string::npos) return {letters.size(), letters.size()};
  return {optional, letters.size() - 1};
}

char letter_of(const std::string& letters, size_t input) {
  std::string plain;
  for (const char letter : letters)
    if (letter != '?' && letter != '*') plain += letter;
  return plain[std::min(input, plain.size() - 1)];
}

bool is_of(at::ScalarType type, char letter) {
  if (letter == 'f') return at::isFloatingType(type);
  if (letter == 'l') return type == at::kLong;
  if (letter == 'b') return !at::isComplexType(type) && !at::isQIntType(type);
  if (letter == 'q') return type == at::kByte || type == at::kChar || type == at::kInt;
  return type != at::kBool && !at::isComplexType(type) && !at::isQIntType(type);
}

bool is_of(const OnnxAttribute& value, char kind) {
  if (kind == 'i') return std::holds_alternative<int64_t>(value);
  if (kind == 'f') return std::holds_alternative<float>(value);
  if (kind == 's') return std::holds_alternative<std::string>(value);
  return std::holds_alternative<Integers>(value);
}

void check_attributes(const OnnxRule& rule, const OnnxNode& node) {
  for (const auto& [name, value] : node.attributes) {
    bool known = false;
    for (const std::string& allowed : split(rule.attributes, ' '))
      known |= allowed.size() == name.size() + 2 && starts_with(allowed, name + ":") && is_of(value, allowed.back());
    if (!known) throw Error(node_text(node) + " has an attribute '" + name + "' that cvtool does not write");
  }
}

}  // namespace

OnnxBudget::OnnxBudget(int64_t pictures)
    : max_elements_(kMaxElements * static_cast<double>(std::max<int64_t>(pictures, 1))),
      work_left_(kMaxWork * static_cast<double>(std::max<int64_t>(pictures, 1))) {}

void OnnxBudget::spend(at::IntArrayRef shape, double each) {
  double elements = 1;
  for (const int64_t size : shape) {
    if (size < 0) throw Error("its result would have a size below 0");
    elements *= static_cast<double>(size);
  }
  if (elements > max_elements_) throw Error("its result " + c10::str(shape) + " is larger than a picture's can be");
  work_left_ -= elements * std::max(each, 1.0);
  if (work_left_ < 0) throw Error("computing its result " + c10::str(shape) + " takes longer than any net does");
}

void OnnxBudget::hold(int64_t elements) {
  held_ += static_cast<double>(elements);
  if (held_ > kMaxHeld / kMaxElements * max_elements_)
    throw Error("the values that are kept with it are more than a net's can be");
}

Integers OnnxCall::integers(size_t i) const {
  const at::Tensor flat = in[i].contiguous();
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

const Integers& OnnxCall::checked(const char* what, const Integers& values, size_t count, int64_t low,
                                  int64_t high) const {
  if (values.size() != count)
    fail(std::string("its ") + what + " has " + counted(static_cast<int64_t>(values.size()), "number") + ", not " +
         std::to_string(count));
  for (const int64_t value : values)
    if (value < low || value > high) fail(std::string("its ") + what + " holds " + std::to_string(value));
  return values;
}

void OnnxCall::spend_broadcast(size_t i, size_t j) const { budget.spend(at::infer_size(in[i].sizes(), in[j].sizes())); }

void OnnxCall::fail(const std::string& why) const { throw Error(why); }

void check_onnx_node(const OnnxNode& node, int64_t opset) {
  const OnnxRule* rule = find_onnx_rule(node.op);
  if (!rule) throw Error("holds the operation '" + node.op + "', which cvtool does not know");
  if (opset < rule->since) throw Error(node_text(node) + " is not in opset " + std::to_string(opset));
  if (node.outputs.size() != 1 || node.outputs[0].empty())
    throw Error(node_text(node) + " has " + counted(static_cast<int64_t>(node.outputs.size()), "output") +
                ", or one without a name");
  const Arity arity = arity_of(rule->inputs);
  const size_t count = node.inputs.size();
  const bool endless = arity.most == kAnyNumber;
  bool given = count >= arity.least && count <= arity.most;
  for (size_t i = 0; given && i < (endless ? count : arity.least); ++i) given = !node.inputs[i].empty();
  if (!given)
    throw Error(node_text(node) + " has " + counted(static_cast<int64_t>(count), "input") + "; it takes " +
                std::to_string(arity.least) +
                (endless                     ? " or more"
                 : arity.most == arity.least ? ""
                                             : " to " + std::to_string(arity.most)));
  check_attributes(*rule, node);
}

void check_onnx_inputs(const OnnxRule& rule, const OnnxCall& call) {
  for (size_t i = 0; i < call.in.size(); ++i) {
    const at::Tensor& input = call.in[i];
    if (!input.defined()) continue;
    if (!is_of(input.scalar_type(), letter_of(rule.inputs, i)))
      call.fail("its input '" + call.node.inputs[i] + "' is of the type " + c10::toString(input.scalar_type()));
    if (input.dim() > kMaxRank) call.fail("its input '" + call.node.inputs[i] + "' has more than 8 dimensions");
  }
}

}  // namespace cvtool
