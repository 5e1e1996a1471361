// A strict reader of the pickles that torch.save writes (protocol 2). It knows tensors, numbers, texts and
// containers and nothing else: it calls nothing and imports nothing; any other opcode or global is an error
// that names it.
//
// Values lie in one vector and refer to each other by index, so neither deep nesting nor cycles cost stack,
// and memory grows with the length of the pickle only (at most 2^20 values, 16 MiB of pickle).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/weights/blob.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {

using PickleId = uint32_t;

enum class PickleKind : uint8_t { kNone, kBool, kInt, kFloat, kText, kList, kTuple, kDict, kGlobal, kStorage, kTensor };

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  int64_t integer = 0;    // kBool, kInt; kStorage, kTensor: index into storages, tensors; kGlobal: row of the table
  std::string_view text;  // kText, a view of the pickle
  std::vector<PickleId> items;  // kList, kTuple; kDict: key, value, key, value, ...
};

// What a persistent id says: ('storage', torch.FloatStorage, key, location, elements[, view]).
struct PickleStorage {
  std::string key;
  DType dtype = DType::kF32;
  int64_t elements = 0;
  int64_t view_offset = 0;  // elements into the storage `key` (old format only)
};

struct PickleTensor {
  size_t storage = 0;  // index
  int64_t offset = 0;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

struct Pickle {
  std::vector<PickleValue> values;
  std::vector<PickleStorage> storages;
  std::vector<PickleTensor> tensors;
  PickleId root = 0;
};

// Reads one pickle and leaves `in` behind its end. Throws Error. The texts refer to the bytes under `in`.
Pickle parse_pickle(ByteReader& in);

// A name and a tensor of the state dict inside.
struct NamedPickleTensor {
  std::string name;
  size_t tensor = 0;  // index into Pickle::tensors
};

// The state dict: the root, or what lies under 'state_dict', 'model', 'model_ema' and the like. Throws Error when there
// are no tensors.
std::vector<NamedPickleTensor> state_dict_of(const Pickle& pickle, const std::string& origin);

}  // namespace cvtool
