// Tensors as weight files hold them: name, type, shape, strides and a span of bytes. Free of LibTorch, so
// that the readers can be fuzzed alone; state_dict.h makes at::Tensor of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/weights/blob.h"

namespace cvtool {

enum class DType { kBool, kU8, kI8, kI16, kI32, kI64, kF16, kBF16, kF32, kF64 };

// A file format's word for a type.
struct DTypeName {
  const char* name;
  DType dtype;
};

size_t element_bytes(DType dtype);
std::string dtype_name(DType dtype);  // "float32", PyTorch's words

// Elements lie little-endian in `storage`, the first at element `offset`; element (i, j, ...) at
// offset + i * strides[0] + j * strides[1] + ... Several tensors may share bytes.
// More is taken for a damaged file.
constexpr size_t kMaxDimensions = 16;

struct RawTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // in elements; not negative
  int64_t offset = 0;            // in elements
  Blob storage;
};

// In the order of the file; names are unique.
struct RawStateDict {
  std::string origin;  // the path, for messages
  std::vector<RawTensor> tensors;
  std::map<std::string, std::string> metadata;  // of safetensors
  std::string unwrapped;                        // what was taken off the front of every name: "module._orig_mod."
};

std::string dimensions_text(const std::vector<int64_t>& shape);  // "[64, 3, 3, 3]"

// Row-major strides of `shape`.
std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& shape);

// Product of the sizes; -1 when one is negative or the product passes 2^62.
int64_t element_count(const std::vector<int64_t>& shape);

// Throws Error naming the tensor when its elements do not all lie in its storage.
void check_bounds(const RawTensor& tensor, const std::string& origin);

// check_bounds of all, unique names, and a limit on what they take when laid out one after another: 16 times
// the file and 64 MiB, so that a small file cannot ask for all memory by way of stride 0.
void check_tensors(const RawStateDict& dict, size_t file_bytes);

// Writes the elements in row-major order to `target` (element_count * element_bytes bytes). Bounds are
// checked before. Booleans become 0 or 1.
void copy_contiguous(const RawTensor& tensor, char* target);

}  // namespace cvtool
