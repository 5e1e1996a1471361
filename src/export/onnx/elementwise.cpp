#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "export/onnx/operation.h"

namespace cvtool {
namespace {

std::string clip(Operation& op, const std::string& x, double low, double high) {
  std::vector<std::string> inputs{x, std::isinf(low) ? "" : op.scalar(low)};
  if (!std::isinf(high)) inputs.push_back(op.scalar(high));
  return op.add("Clip", inputs);
}

constexpr double kNoBound = std::numeric_limits<double>::infinity();

void relu(Operation& op) { op.result(op.add("Relu", {op.x()})); }
void relu6(Operation& op) { op.result(clip(op, op.x(), 0, 6)); }
void hardtanh(Operation& op) { op.result(clip(op, op.x(), op.number(1), op.number(2))); }
void clamp(Operation& op) {
  op.result(clip(op, op.x(), op.given(1) ? op.number(1) : -kNoBound, op.given(2) ? op.number(2) : kNoBound));
}

void sigmoid(Operation& op) { op.result(op.add("Sigmoid", {op.x()})); }
void tanh(Operation& op) { op.result(op.add("Tanh", {op.x()})); }
void silu(Operation& op) { op.result(op.add("Mul", {op.x(), op.add("Sigmoid", {op.x()})})); }

// relu6(x + 3) / 6
std::string hard_gate(Operation& op) {
  return op.add("Mul", {clip(op, op.add("Add", {op.x(), op.scalar(3.0)}), 0, 6), op.scalar(1.0 / 6)});
}
void hardsigmoid(Operation& op) { op.result(hard_gate(op)); }
void hardswish(Operation& op) { op.result(op.add("Mul", {op.x(), hard_gate(op)})); }

// x Phi(x)
void gelu(Operation& op) {
  if (op.inputs() > 1 && op.text(1) != "none") op.fail("it is approximated by '" + op.text(1) + "'");
  if (op.opset() >= 20) return op.result(op.add("Gelu", {op.x()}));
  const std::string gate = op.add("Erf", {op.add("Mul", {op.x(), op.scalar(std::sqrt(0.5))})});
  op.result(op.add("Mul", {op.add("Mul", {op.x(), op.scalar(0.5)}), op.add("Add", {gate, op.scalar(1.0)})}));
}

// input, alpha, scale, input_scale
void elu(Operation& op) {
  if (op.number(2) != 1 || op.number(3) != 1) op.fail("scales other than 1");
  op.result(op.add("Elu", {op.x()}, {{"alpha", static_cast<float>(op.number(1))}}));
}
void selu(Operation& op) { op.result(op.add("Selu", {op.x()})); }
void leaky_relu(Operation& op) {
  op.result(op.add("LeakyRelu", {op.x()}, {{"alpha", static_cast<float>(op.number(1))}}));
}
void prelu(Operation& op) {
  const at::Tensor slope = op.tensor(1);
  std::vector<int64_t> shape(static_cast<size_t>(op.rank()) - 1, 1);
  shape[0] = slope.numel();
  op.result(op.add("PRelu", {op.x(), op.constant(slope.reshape(shape))}));
}
void softplus(Operation& op) {
  if (op.number(1) != 1) op.fail("beta other than 1");
  op.result(op.add("Softplus", {op.x()}));
}
void mish(Operation& op) { op.result(op.add("Mul", {op.x(), op.add("Tanh", {op.add("Softplus", {op.x()})})})); }

void softmax(Operation& op) { op.result(op.add("Softmax", {op.x()}, {{"axis", op.axis(op.integer(1))}})); }
void log_softmax(Operation& op) { op.result(op.add("LogSoftmax", {op.x()}, {{"axis", op.axis(op.integer(1))}})); }

// `alpha` times input i.
std::string scaled(Operation& op, size_t i, size_t alpha) {
  const double factor = op.given(alpha) ? op.number(alpha) : 1;
  return factor == 1 ? op.x(i) : op.add("Mul", {op.x(i), op.scalar(factor)});
}

void add(Operation& op) { op.result(op.add("Add", {op.x(0), scaled(op, 1, 2)})); }
void sub(Operation& op) { op.result(op.add("Sub", {op.x(0), scaled(op, 1, 2)})); }
void rsub(Operation& op) { op.result(op.add("Sub", {op.x(1), scaled(op, 0, 2)})); }
void mul(Operation& op) { op.result(op.add("Mul", {op.x(0), op.x(1)})); }

void div(Operation& op) {
  if (op.given(2)) op.fail("it rounds");
  op.result(op.add("Div", {op.x(0), op.x(1)}));
}

void pow(Operation& op) {
  if (!op.on_pixels(0)) op.fail("its exponent depends on the pixels");
  op.result(op.add("Pow", {op.x(0), op.x(1)}));
}

void square(Operation& op) { op.result(op.add("Mul", {op.x(0), op.x(0)})); }
void rsqrt(Operation& op) { op.result(op.add("Reciprocal", {op.add("Sqrt", {op.x()})})); }

template <const char* Name>
void same(Operation& op) {
  op.result(op.add(Name, {op.x()}));
}
constexpr char kAbs[] = "Abs", kErf[] = "Erf", kExp[] = "Exp", kLog[] = "Log", kNeg[] = "Neg",
               kReciprocal[] = "Reciprocal", kSqrt[] = "Sqrt", kFloor[] = "Floor", kRound[] = "Round";

// input, dimensions, keepdim
void reduce(Operation& op, const char* name, const char* global) {
  std::vector<int64_t> dims = op.given(1) ? op.integers(1) : std::vector<int64_t>{};
  for (int64_t& dim : dims) dim = op.axis(dim);
  std::sort(dims.begin(), dims.end());
  if (dims.empty()) op.fail("it goes over every dimension, the batch too");
  if (dims[0] == 0) op.fail("it goes over the batch");
  const bool keep = op.inputs() > 2 && op.flag(2);
  if (global && op.rank() == 4 && dims == std::vector<int64_t>{2, 3}) {
    const std::string y = op.add(global, {op.x()});
    return op.result(keep ? y : op.add("Reshape", {y, op.constant({0, op.input().size(1)})}));
  }
  op.result(op.reduced(name, op.x(), dims, keep));
}

void mean(Operation& op) { reduce(op, "ReduceMean", "GlobalAveragePool"); }
void amax(Operation& op) { reduce(op, "ReduceMax", "GlobalMaxPool"); }

}  // namespace

const std::vector<OperationKind>& activation_kinds() {
  static const std::vector<OperationKind> kinds{
      {"aten::clamp", clamp},
      {"aten::elu", elu},
      {"aten::gelu", gelu},
      {"aten::hardsigmoid", hardsigmoid},
      {"aten::hardswish", hardswish},
      {"aten::hardtanh", hardtanh},
      {"aten::leaky_relu", leaky_relu},
      {"aten::log_softmax", log_softmax},
      {"aten::mish", mish},
      {"aten::prelu", prelu},
      {"aten::relu", relu},
      {"aten::relu6", relu6},
      {"aten::selu", selu},
      {"aten::sigmoid", sigmoid},
      {"aten::silu", silu},
      {"aten::softmax", softmax},
      {"aten::softplus", softplus},
      {"aten::tanh", tanh},
  };
  return kinds;
}

const std::vector<OperationKind>& arithmetic_kinds() {
  static const std::vector<OperationKind> kinds{
      {"aten::abs", same<kAbs>},
      {"aten::add", add},
      {"aten::amax", amax},
      {"aten::div", div},
      {"aten::erf", same<kErf>},
      {"aten::exp", same<kExp>},
      {"aten::floor", same<kFloor>},
      {"aten::log", same<kLog>},
      {"aten::mean", mean},
      {"aten::mul", mul},
      {"aten::neg", same<kNeg>},
      {"aten::pow", pow},
      {"aten::reciprocal", same<kReciprocal>},
      {"aten::round", same<kRound>},
      {"aten::rsqrt", rsqrt},
      {"aten::rsub", rsub},
      {"aten::sqrt", same<kSqrt>},
      {"aten::square", square},
      {"aten::sub", sub},
  };
  return kinds;
}

}  // namespace cvtool
