#include "export/onnx/operation.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/text.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

// A constant as one row that broadcasts over the batch, where it differs between batches in its first size alone.
at::Tensor without_batch(const at::Tensor& small, const at::Tensor& large) {
  if (small.sizes() == large.sizes()) return at::equal(small, large) ? small : at::Tensor();
  if (small.dim() != large.dim() || small.size(0) != kTraceBatches[0] || large.size(0) != kTraceBatches[1]) return {};
  const at::Tensor row = large.narrow(0, 0, 1);
  return at::equal(large, row.expand_as(large)) && at::equal(small, row.expand_as(small)) ? row : at::Tensor();
}

}  // namespace

std::string OnnxBuilder::unique(const std::string& kind) {
  const std::string stem = stem_ + kind;
  const int count = used_[stem]++;
  return count == 0 ? stem : stem + "_" + std::to_string(count);
}

std::string OnnxBuilder::add(const std::string& op, std::vector<std::string> inputs, OnnxAttributes attributes) {
  const std::string name = unique(lower(op));
  model.nodes.push_back({op, name, std::move(inputs), {name}, std::move(attributes)});
  return name;
}

std::string OnnxBuilder::constant(const at::Tensor& tensor) {
  const bool whole = !tensor.is_floating_point();
  const at::Tensor flat = tensor.to(whole ? at::kLong : at::kFloat).contiguous();
  OnnxTensor out;
  out.name = unique("constant");
  out.type = whole ? OnnxType::kInt64 : OnnxType::kFloat;
  out.dims = flat.sizes().vec();
  out.bytes = bytes_of_tensor(flat);
  model.constants.push_back(std::move(out));
  return model.constants.back().name;
}

std::string OnnxBuilder::constant(const std::vector<int64_t>& values) {
  return constant(at::tensor(values, at::kLong));
}

std::string OnnxBuilder::scalar(double value) { return constant(at::tensor(value, at::kFloat)); }

void Operation::fail(const std::string& why) const {
  throw Error("cannot write the operation '" + kind() + "' to ONNX: " + why);
}

std::string Operation::x(size_t i) {
  Traced& input = *inputs_.at(i);
  if (!input.name.empty()) return input.name;
  if (!input.value[0].isTensor()) return scalar(number(i));
  const at::Tensor row = without_batch(input.value[0].toTensor(), input.value[1].toTensor());
  if (!row.defined()) fail("a constant depends on the size of the batch");
  return constant(row);
}

std::vector<std::string> Operation::list(size_t i) {
  std::vector<std::string> names;
  if (inputs_.at(i)->items.empty()) fail("a list of tensors is not made in the graph");
  for (Traced& item : inputs_[i]->items) {
    if (item.name.empty()) fail("a list mixes pixels and constants");
    names.push_back(item.name);
  }
  return names;
}

const c10::IValue& Operation::fixed(size_t i) const {
  const Traced& input = *inputs_.at(i);
  if (input.depends_on_pixels()) fail("input " + std::to_string(i) + " depends on the pixels");
  return input.value[0];
}

at::Tensor Operation::tensor(size_t i) const {
  const at::Tensor row = without_batch(fixed(i).toTensor(), inputs_[i]->value[1].toTensor());
  if (!row.defined()) fail("a constant depends on the size of the batch");
  return row;
}

int64_t Operation::integer(size_t i) const {
  if (fixed(i).toInt() != inputs_[i]->value[1].toInt()) fail("a number depends on the size of the batch");
  return fixed(i).toInt();
}

std::vector<int64_t> Operation::integers(size_t i) const {
  if (fixed(i).isInt()) return {integer(i)};
  const auto values = fixed(i).toIntVector();
  if (values != inputs_[i]->value[1].toIntVector()) fail("a list depends on the size of the batch");
  return values;
}

double Operation::number(size_t i) const {
  const c10::IValue& value = fixed(i);
  if (value.isTensor()) return tensor(i).item<double>();
  const double number = value.toScalar().to<double>();
  if (inputs_[i]->value[1].toScalar().to<double>() != number) fail("a number depends on the size of the batch");
  return number;
}

bool Operation::flag(size_t i) const { return fixed(i).toBool(); }

std::string Operation::text(size_t i) const { return fixed(i).toStringRef(); }

bool Operation::is_batch(int64_t dim, size_t i) const {
  return inputs_[i]->value[0].toTensor().size(dim) != inputs_[i]->value[1].toTensor().size(dim);
}

std::string Operation::reshaped(const std::string& x, int64_t item) {
  std::array<std::vector<int64_t>, 2> sizes;
  for (size_t k = 0; k < 2; ++k) {
    const c10::IValue& value = outputs_[0].value[k];
    sizes[k] = (item < 0 ? value.toTensor() : value.toTensorVector().at(static_cast<size_t>(item))).sizes().vec();
  }
  std::vector<int64_t> target;
  int64_t open = 0;
  for (size_t d = 0; d < sizes[0].size(); ++d) {
    const bool batch = sizes[0][d] != sizes[1][d];
    // 0 keeps the size that is there: OpenCV and TensorRT follow it better than -1.
    const bool keeps = d == 0 && sizes[0][d] == kTraceBatches[0] && sizes[1][d] == kTraceBatches[1] && is_batch(0) &&
                       input().size(0) == kTraceBatches[0];
    target.push_back(!batch ? sizes[0][d] : keeps ? 0 : -1);
    open += batch && !keeps;
  }
  if (open > 1) fail("two dimensions of its result depend on the batch");
  return add("Reshape", {x, constant(target)});
}

std::string Operation::reduced(const std::string& op, const std::string& x, const Integers& axes, bool keep) {
  const OnnxAttribute keepdims = int64_t{keep};
  if (opset() >= 18) return add(op, {x, constant(axes)}, {{"keepdims", keepdims}});
  return add(op, {x}, {{"axes", axes}, {"keepdims", keepdims}});
}

void Operation::result_list(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    Traced item;
    for (size_t k = 0; k < 2; ++k) item.value[k] = outputs_[0].value[k].toTensorVector().at(i);
    item.name = names[i];
    outputs_[0].items.push_back(std::move(item));
  }
}

}  // namespace cvtool
