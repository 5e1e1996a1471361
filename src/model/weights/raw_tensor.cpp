#include "model/weights/raw_tensor.h"

#include <cstring>
#include <unordered_set>

#include "base/text.h"

namespace cvtool {
namespace {

struct TypeRow {
  DType dtype;
  size_t bytes;
  const char* name;
};
constexpr TypeRow kTypes[] = {
    {DType::kBool, 1, "bool"},   {DType::kU8, 1, "uint8"},      {DType::kI8, 1, "int8"},
    {DType::kI16, 2, "int16"},   {DType::kI32, 4, "int32"},     {DType::kI64, 8, "int64"},
    {DType::kF16, 2, "float16"}, {DType::kBF16, 2, "bfloat16"}, {DType::kF32, 4, "float32"},
    {DType::kF64, 8, "float64"},
};

constexpr int64_t kMaxElements = int64_t{1} << 62;
constexpr uint64_t kFreeBytes = uint64_t{64} << 20;

const TypeRow& type_row(DType dtype) { return kTypes[static_cast<size_t>(dtype)]; }

// The highest element index that the tensor touches, -1 on overflow. Not for empty tensors.
int64_t last_element(const RawTensor& tensor) {
  int64_t last = tensor.offset;
  for (size_t d = 0; d < tensor.shape.size(); ++d) {
    int64_t reach = 0;
    if (__builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return -1;
    }
  }
  return last;
}

}  // namespace

size_t element_bytes(DType dtype) { return type_row(dtype).bytes; }
std::string dtype_name(DType dtype) { return type_row(dtype).name; }

std::string dimensions_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> parts;
  for (const int64_t size : shape) parts.push_back(std::to_string(size));
  return "[" + join(parts, ", ") + "]";
}

std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) {
    if (__builtin_mul_overflow(strides[d], shape[d] > 0 ? shape[d] : 1, &strides[d - 1])) strides[d - 1] = kMaxElements;
  }
  return strides;
}

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return -1;
    empty = empty || size == 0;
    if (!empty && (__builtin_mul_overflow(count, size, &count) || count > kMaxElements)) return -1;
  }
  return empty ? 0 : count;
}

void check_bounds(const RawTensor& tensor, const std::string& origin) {
  const auto fail = [&](const std::string& what) {
    fail_weights(origin, "tensor '" + tensor.name + "' of shape " + dimensions_text(tensor.shape) + " " + what);
  };
  if (tensor.shape.size() > kMaxDimensions) {
    fail_weights(origin,
                 "tensor '" + tensor.name + "' has " + counted(static_cast<int64_t>(tensor.shape.size()), "dimension"));
  }
  if (tensor.strides.size() != tensor.shape.size()) fail("has as many strides as " + dimensions_text(tensor.strides));
  const int64_t count = element_count(tensor.shape);
  if (count < 0) fail("has an impossible size");
  if (tensor.offset < 0) fail("starts before its data");
  if (count == 0) return;
  for (const int64_t stride : tensor.strides) {
    if (stride < 0) fail("has a negative stride");
  }
  const int64_t last = last_element(tensor);
  const auto stored = static_cast<int64_t>(tensor.storage.bytes.size() / element_bytes(tensor.dtype));
  if (last < 0 || last >= stored) fail("reaches beyond its data (" + counted(stored, "element") + " stored)");
}

void check_tensors(const RawStateDict& dict, size_t file_bytes) {
  std::unordered_set<std::string> seen;
  const uint64_t limit = kFreeBytes + 16 * static_cast<uint64_t>(file_bytes);
  uint64_t total = 0;
  for (const auto& tensor : dict.tensors) {
    check_bounds(tensor, dict.origin);
    if (!seen.insert(tensor.name).second) fail_weights(dict.origin, "two tensors are named '" + tensor.name + "'");
    const auto count = static_cast<uint64_t>(element_count(tensor.shape));
    const uint64_t room = (limit - total) / element_bytes(tensor.dtype);
    if (count > room) {
      fail_weights(dict.origin,
                   "tensor '" + tensor.name + "' of shape " + dimensions_text(tensor.shape) +
                       " blows a small file up to more than " + with_thousands(static_cast<int64_t>(limit)) + " bytes",
                   "save contiguous tensors");
    }
    total += count * element_bytes(tensor.dtype);
  }
}

void copy_contiguous(const RawTensor& tensor, char* target) {
  const auto count = static_cast<size_t>(element_count(tensor.shape));
  const size_t size = element_bytes(tensor.dtype);
  if (count == 0) return;
  const char* source = tensor.storage.bytes.data() + static_cast<size_t>(tensor.offset) * size;
  if (tensor.strides == contiguous_strides(tensor.shape)) {
    std::memcpy(target, source, count * size);
  } else {
    std::vector<int64_t> index(tensor.shape.size(), 0);
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(target + i * size, source, size);
      for (size_t d = index.size(); d-- > 0;) {
        const auto step = static_cast<size_t>(tensor.strides[d]) * size;
        if (++index[d] < tensor.shape[d]) {
          source += step;
          break;
        }
        source -= step * static_cast<size_t>(tensor.shape[d] - 1);
        index[d] = 0;
      }
    }
  }
  if (tensor.dtype == DType::kBool) {
    for (size_t i = 0; i < count; ++i) target[i] = target[i] != 0 ? 1 : 0;
  }
}

}  // namespace cvtool
