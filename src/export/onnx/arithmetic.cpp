// Sums, products, powers and means.
#include <ATen/ATen.h>

#include "export/onnx/operation.h"

namespace cvtool {
namespace {

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
  op.result(op.add(name, {op.x()}, {{"axes", dims}, {"keepdims", int64_t{keep}}}));
}

void mean(Operation& op) { reduce(op, "ReduceMean", "GlobalAveragePool"); }
void amax(Operation& op) { reduce(op, "ReduceMax", "GlobalMaxPool"); }

}  // namespace

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
