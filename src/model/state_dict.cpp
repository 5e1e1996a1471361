#include "model/state_dict.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/weights/safetensors.h"
#include "model/weights/weight_file.h"

namespace cvtool {
namespace {

struct TypeRow {
  DType raw;
  at::ScalarType type;
};
constexpr TypeRow kTypes[] = {
    {DType::kBool, at::kBool}, {DType::kU8, at::kByte},    {DType::kI8, at::kChar},  {DType::kI16, at::kShort},
    {DType::kI32, at::kInt},   {DType::kI64, at::kLong},   {DType::kF16, at::kHalf}, {DType::kBF16, at::kBFloat16},
    {DType::kF32, at::kFloat}, {DType::kF64, at::kDouble},
};

at::ScalarType scalar_type(DType raw) {
  for (const auto& row : kTypes) {
    if (row.raw == raw) return row.type;
  }
  return at::ScalarType::Undefined;
}

DType raw_type(at::ScalarType type, const std::string& name) {
  for (const auto& row : kTypes) {
    if (row.type == type) return row.raw;
  }
  throw Error("tensor '" + name + "' has a type that weight files do not hold; convert it to float32");
}

at::Tensor tensor_from_raw(const RawTensor& raw) {
  at::Tensor tensor = at::empty(raw.shape, at::TensorOptions().dtype(scalar_type(raw.dtype)));
  copy_contiguous(raw, static_cast<char*>(tensor.data_ptr()));
  return tensor;
}

bool is_batch_counter(const std::string& name) { return ends_with(name, "num_batches_tracked"); }

std::string group_text(const std::string& title, const std::vector<std::string>& names, const char* separator) {
  if (names.empty()) return "";
  return "\n  " + title + " (" + std::to_string(names.size()) + "): " + join(names, separator);
}

}  // namespace

std::vector<NamedTensor> named_tensors(const torch::jit::Module& module) {
  std::vector<NamedTensor> tensors;
  for (const auto& entry : module.named_parameters()) tensors.push_back({entry.name, entry.value});
  for (const auto& entry : module.named_buffers()) tensors.push_back({entry.name, entry.value});
  return tensors;
}

void StateDict::add(const std::string& name, at::Tensor value) {
  if (!places_.emplace(name, entries_.size()).second) {
    throw Error(origin_ + ": two tensors are named '" + name + "'; save the weights again with unique names");
  }
  entries_.push_back({name, std::move(value)});
}

const at::Tensor* StateDict::find(const std::string& name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &entries_[place->second].value;
}

const at::Tensor& StateDict::at(const std::string& name) const {
  if (const at::Tensor* value = find(name)) return *value;
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.name);
  const std::string nearest = nearest_word(name, names);
  throw Error(origin_ + ": holds no tensor '" + name + "'" +
              (nearest.empty() ? "" : " (the nearest is '" + nearest + "')") + "; pass the weights of this net");
}

StateDict read_state_dict(const std::string& path) {
  RawStateDict raw = read_weight_file(path);
  if (!raw.unwrapped.empty()) spdlog::info("{}: took '{}' off the front of every name", path, raw.unwrapped);
  return state_dict_of(std::move(raw));
}

StateDict state_dict_of(RawStateDict raw) {
  StateDict dict(raw.origin);
  dict.metadata = std::move(raw.metadata);
  for (auto& tensor : raw.tensors) {
    dict.add(tensor.name, tensor_from_raw(tensor));
    tensor.storage = {};  // what was copied need not stay in memory
  }
  return dict;
}

std::string safetensors_bytes(const StateDict& dict) {
  RawStateDict raw;
  raw.origin = dict.origin();
  raw.metadata = dict.metadata;
  for (const auto& entry : dict.entries()) {
    const auto kept = std::make_shared<const at::Tensor>(entry.value.cpu().contiguous());
    RawTensor tensor{entry.name, raw_type(kept->scalar_type(), entry.name), kept->sizes().vec(), {}, 0, {}};
    tensor.strides = contiguous_strides(tensor.shape);
    tensor.storage = {kept, {static_cast<const char*>(kept->data_ptr()), kept->nbytes()}};
    raw.tensors.push_back(std::move(tensor));
  }
  return safetensors_bytes(raw);
}

std::string WeightMismatch::text() const {
  return group_text("missing", missing, ", ") + group_text("unexpected", unexpected, ", ") +
         group_text("wrong shape", misshaped, "; ");
}

WeightMismatch compare_weights(const std::vector<ExpectedTensor>& expected, const StateDict& dict,
                               const std::vector<std::string>& ignored) {
  WeightMismatch mismatch;
  std::unordered_map<std::string, bool> known;
  for (const auto& [name, shape] : expected) {
    known[name] = true;
    const at::Tensor* value = dict.find(name);
    if (!value) {
      if (!is_batch_counter(name)) mismatch.missing.push_back(name);
    } else if (value->sizes().vec() != shape) {
      mismatch.misshaped.push_back(name + ": " + dimensions_text(value->sizes().vec()) + " in the file, " +
                                   dimensions_text(shape) + " expected");
    }
  }
  for (const auto& entry : dict.entries()) {
    const bool may_stay = is_batch_counter(entry.name) ||
                          std::any_of(ignored.begin(), ignored.end(),
                                      [&](const std::string& prefix) { return starts_with(entry.name, prefix); });
    if (!may_stay && !known.count(entry.name)) mismatch.unexpected.push_back(entry.name);
  }
  return mismatch;
}

void check_state_dict(const std::vector<ExpectedTensor>& expected, const StateDict& dict,
                      const std::vector<std::string>& ignored) {
  const WeightMismatch mismatch = compare_weights(expected, dict, ignored);
  if (mismatch.empty()) return;
  throw Error(dict.origin() + ": these are not the weights of this net; pass the weights of the same net and variant" +
              mismatch.text());
}

}  // namespace cvtool
