// Operations that move values about and change none.
#include <ATen/ATen.h>

#include "export/onnx/operation.h"

namespace cvtool {
namespace {

void identity(Operation& op) { op.result(op.x()); }

OnnxType onnx_type(Operation& op, at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return OnnxType::kFloat;
    case at::kHalf:
      return OnnxType::kFloat16;
    case at::kBFloat16:
      return OnnxType::kBfloat16;
    case at::kDouble:
      return OnnxType::kDouble;
    case at::kByte:
      return OnnxType::kUint8;
    case at::kLong:
      return OnnxType::kInt64;
    default:
      op.fail(std::string("it converts to ") + at::toString(type));
  }
}

void to(Operation& op) {
  const at::ScalarType type = op.output().scalar_type();
  if (type == op.input().scalar_type()) return identity(op);
  op.result(op.add("Cast", {op.x()}, {{"to", static_cast<int64_t>(onnx_type(op, type))}}));
}

void reshape(Operation& op) {
  const bool same = op.input().sizes() == op.output().sizes();
  op.result(same ? op.x() : op.reshaped(op.x()));
}

void transposed(Operation& op, const std::vector<int64_t>& order) {
  op.result(op.add("Transpose", {op.x()}, {{"perm", order}}));
}

void permute(Operation& op) {
  std::vector<int64_t> order = op.integers(1);
  for (int64_t& dim : order) dim = op.axis(dim);
  transposed(op, order);
}

std::vector<int64_t> in_order(int64_t count) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < count; ++i) order.push_back(i);
  return order;
}

void transpose(Operation& op) {
  auto order = in_order(op.rank());
  std::swap(order[static_cast<size_t>(op.axis(op.integer(1)))], order[static_cast<size_t>(op.axis(op.integer(2)))]);
  transposed(op, order);
}

void t(Operation& op) { transposed(op, {1, 0}); }

void cat(Operation& op) {
  const int64_t dim = op.integer(1), rank = op.output().dim();
  op.result(op.add("Concat", op.list(0), {{"axis", dim < 0 ? dim + rank : dim}}));
}

struct Cut {
  int64_t dim, begin, end, step = 1;
};

std::string sliced(Operation& op, const Cut& range) {
  std::vector<std::string> inputs{op.x(), op.constant({range.begin}), op.constant({range.end}),
                                  op.constant({range.dim})};
  if (range.step != 1) inputs.push_back(op.constant({range.step}));
  return op.add("Slice", inputs);
}

// input, dim, start, end, step
void slice(Operation& op) {
  if (op.input().sizes() == op.output().sizes()) return identity(op);
  const int64_t dim = op.axis(op.integer(1)), size = op.input().size(dim);
  if (op.is_batch(dim)) op.fail("it cuts the batch");
  int64_t begin = op.given(2) ? op.integer(2) : 0, end = op.given(3) ? op.integer(3) : size;
  if (begin < 0) begin += size;
  if (end < 0) end += size;
  op.result(sliced(op, {dim, begin, std::min(end, size), op.integer(4)}));
}

// input, dim, start, length
void narrow(Operation& op) {
  const int64_t dim = op.axis(op.integer(1));
  if (op.is_batch(dim)) op.fail("it cuts the batch");
  int64_t begin = op.integer(2);
  if (begin < 0) begin += op.input().size(dim);
  op.result(sliced(op, {dim, begin, begin + op.integer(3)}));
}

// input, dim, index
void select(Operation& op) {
  const int64_t dim = op.axis(op.integer(1));
  if (op.is_batch(dim)) op.fail("it takes one picture of the batch");
  int64_t index = op.integer(2);
  if (index < 0) index += op.input().size(dim);
  op.result(op.reshaped(sliced(op, {dim, index, index + 1})));
}

// chunk(input, n, dim), split(input, size or sizes, dim)
void split(Operation& op) {
  const int64_t dim = op.axis(op.integer(2));
  if (op.is_batch(dim)) op.fail("it splits the batch");
  std::vector<std::string> names;
  int64_t begin = 0;
  for (const at::Tensor& part : op.output_value().toTensorVector()) {
    names.push_back(sliced(op, {dim, begin, begin + part.size(dim)}));
    begin += part.size(dim);
  }
  op.result_list(names);
}

// Slice counts downwards, which OpenCV does not know; a few channels are as well put together anew.
void flip(Operation& op) {
  std::vector<int64_t> dims = op.integers(1);
  if (dims.size() != 1) op.fail("it flips more than one dimension");
  const int64_t dim = op.axis(dims[0]), size = op.input().size(dim);
  if (op.is_batch(dim) || size > 16) op.fail("it flips a dimension of more than 16 values");
  std::vector<std::string> parts;
  for (int64_t i = size; i > 0; --i) parts.push_back(sliced(op, {dim, i - 1, i}));
  op.result(op.add("Concat", parts, {{"axis", dim}}));
}

// Pairs (before, after), the last dimension first; negative ones cut.
void pad(Operation& op, double value) {
  const auto pairs = op.integers(1);
  const auto rank = static_cast<size_t>(op.rank());
  std::vector<int64_t> pads(2 * rank, 0);
  for (size_t i = 0; i < pairs.size() / 2; ++i) {
    pads[rank - 1 - i] = pairs[2 * i];
    pads[2 * rank - 1 - i] = pairs[2 * i + 1];
  }
  for (const int64_t p : pads)
    if (p < 0) op.fail("negative padding");
  op.result(op.add("Pad", {op.x(), op.constant(pads), op.scalar(value)}, {{"mode", std::string("constant")}}));
}

void constant_pad(Operation& op) { pad(op, op.number(2)); }

// input, pads, mode, value
void mode_pad(Operation& op) {
  if (op.text(2) != "constant") op.fail("padding mode '" + op.text(2) + "'");
  pad(op, op.given(3) ? op.number(3) : 0);
}

}  // namespace

const std::vector<OperationKind>& shape_kinds() {
  static const std::vector<OperationKind> kinds{
      {"aten::alias", identity},
      {"aten::alpha_dropout", identity},
      {"aten::cat", cat},
      {"aten::chunk", split},
      {"aten::clone", identity},
      {"aten::constant_pad_nd", constant_pad},
      {"aten::contiguous", identity},
      {"aten::detach", identity},
      {"aten::dropout", identity},
      {"aten::feature_dropout", identity},
      {"aten::flatten", reshape},
      {"aten::flip", flip},
      {"aten::narrow", narrow},
      {"aten::pad", mode_pad},
      {"aten::permute", permute},
      {"aten::reshape", reshape},
      {"aten::select", select},
      {"aten::slice", slice},
      {"aten::split", split},
      {"aten::split_with_sizes", split},
      {"aten::squeeze", reshape},
      {"aten::t", t},
      {"aten::to", to},
      {"aten::transpose", transpose},
      {"aten::unflatten", reshape},
      {"aten::unsqueeze", reshape},
      {"aten::view", reshape},
  };
  return kinds;
}

}  // namespace cvtool
