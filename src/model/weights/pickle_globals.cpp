#include "model/weights/pickle_globals.h"
#include "model/weights/raw_tensor.h"

#include <cstring>

namespace cvtool {
namespace {

constexpr size_t kMaxKeyBytes = 256;

enum class Role { kOrderedDict, kSize, kTensor, kParameter, kStorageType, kIgnored };

struct GlobalRow {
  const char* module;
  const char* name;
  Role role;
  DType dtype = DType::kF32;  // of kStorageType
};

constexpr GlobalRow kGlobals[] = {
    {"collections", "OrderedDict", Role::kOrderedDict},
    {"torch", "Size", Role::kSize},
    {"torch._utils", "_rebuild_tensor", Role::kTensor},
    {"torch._utils", "_rebuild_tensor_v2", Role::kTensor},
    {"torch._utils", "_rebuild_parameter", Role::kParameter},
    {"torch", "BoolStorage", Role::kStorageType, DType::kBool},
    {"torch", "ByteStorage", Role::kStorageType, DType::kU8},
    {"torch", "CharStorage", Role::kStorageType, DType::kI8},
    {"torch", "ShortStorage", Role::kStorageType, DType::kI16},
    {"torch", "IntStorage", Role::kStorageType, DType::kI32},
    {"torch", "LongStorage", Role::kStorageType, DType::kI64},
    {"torch", "HalfStorage", Role::kStorageType, DType::kF16},
    {"torch", "BFloat16Storage", Role::kStorageType, DType::kBF16},
    {"torch", "FloatStorage", Role::kStorageType, DType::kF32},
    {"torch", "DoubleStorage", Role::kStorageType, DType::kF64},
    {"torch.storage", "UntypedStorage", Role::kStorageType, DType::kU8},
    {"torch.storage", "_UntypedStorage", Role::kStorageType, DType::kU8},
    // They stand beside the weights in checkpoints; their values are not needed.
    {"torch", "device", Role::kIgnored},
    {"torch", "float16", Role::kIgnored},
    {"torch", "bfloat16", Role::kIgnored},
    {"torch", "float32", Role::kIgnored},
    {"torch", "float64", Role::kIgnored},
    {"torch", "int64", Role::kIgnored},
};

const PickleValue& item(const Pickle& pickle, const PickleValue& list, size_t index) {
  return pickle.values[list.items[index]];
}

int64_t integer(const PickleValue& value, const ByteReader& in) {
  if (value.kind != PickleKind::kInt) in.fail("holds a tensor whose sizes are not integers");
  return value.integer;
}

std::vector<int64_t> integers(const Pickle& pickle, const PickleValue& value, const ByteReader& in) {
  if (value.kind != PickleKind::kTuple && value.kind != PickleKind::kList) in.fail("holds a tensor without a shape");
  if (value.items.size() > kMaxDimensions) in.fail("holds a tensor of more than 16 dimensions");
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < value.items.size(); ++i) numbers.push_back(integer(item(pickle, value, i), in));
  return numbers;
}

PickleValue make_tensor(Pickle& pickle, const PickleValue& arguments, const ByteReader& in) {
  if (arguments.items.size() < 4 || item(pickle, arguments, 0).kind != PickleKind::kStorage) {
    in.fail("holds a tensor without its data");
  }
  PickleTensor tensor;
  tensor.storage = static_cast<size_t>(item(pickle, arguments, 0).integer);
  tensor.offset = integer(item(pickle, arguments, 1), in);
  tensor.shape = integers(pickle, item(pickle, arguments, 2), in);
  tensor.strides = integers(pickle, item(pickle, arguments, 3), in);
  pickle.tensors.push_back(std::move(tensor));
  return {PickleKind::kTensor, static_cast<int64_t>(pickle.tensors.size() - 1), {}, {}};
}

// OrderedDict() and, from Python 2, OrderedDict([[key, value], ...]).
PickleValue make_dict(const Pickle& pickle, const PickleValue& arguments, const ByteReader& in) {
  PickleValue dict{PickleKind::kDict, 0, {}, {}};
  if (arguments.items.empty()) return dict;
  const PickleValue& pairs = item(pickle, arguments, 0);
  if (pairs.kind != PickleKind::kList) in.fail("holds a dictionary made of something that is not a list");
  for (size_t i = 0; i < pairs.items.size(); ++i) {
    const PickleValue& pair = item(pickle, pairs, i);
    const bool two = (pair.kind == PickleKind::kList || pair.kind == PickleKind::kTuple) && pair.items.size() == 2;
    if (!two) in.fail("holds a dictionary made of something else than pairs");
    dict.items.insert(dict.items.end(), pair.items.begin(), pair.items.end());
  }
  return dict;
}

}  // namespace

int64_t find_global(const std::string& origin, const std::string& module, const std::string& name) {
  int64_t row = 0;
  for (const auto& global : kGlobals) {
    if (module == global.module && name == global.name) return row;
    ++row;
  }
  const auto shown = (module + "." + name).substr(0, 200);
  fail_weights(origin, "names the Python object " + shown + ", which no state dict needs and cvtool does not run",
               "save the weights alone in Python: torch.save(model.state_dict(), FILE)");
}

PickleValue make_storage(Pickle& pickle, PickleId id, const ByteReader& in) {
  const PickleValue& tuple = pickle.values[id];
  if (tuple.kind != PickleKind::kTuple || tuple.items.size() < 5) in.fail("refers to data by an unknown kind of key");
  const PickleValue& tag = item(pickle, tuple, 0);
  const PickleValue& type = item(pickle, tuple, 1);
  const PickleValue& key = item(pickle, tuple, 2);
  const bool known = tag.kind == PickleKind::kText && tag.text == "storage" && type.kind == PickleKind::kGlobal &&
                     kGlobals[type.integer].role == Role::kStorageType && key.kind == PickleKind::kText &&
                     key.text.size() <= kMaxKeyBytes;
  if (!known) in.fail("refers to data by an unknown kind of key");
  PickleStorage storage;
  storage.key = key.text;
  storage.dtype = kGlobals[type.integer].dtype;
  storage.elements = integer(item(pickle, tuple, 4), in);
  if (tuple.items.size() > 5 && item(pickle, tuple, 5).kind != PickleKind::kNone) {
    // (key of the view, offset, elements)
    const PickleValue& view = item(pickle, tuple, 5);
    if (view.kind != PickleKind::kTuple || view.items.size() != 3) in.fail("holds an unknown kind of view");
    storage.view_offset = integer(item(pickle, view, 1), in);
    storage.elements = integer(item(pickle, view, 2), in);
  }
  if (storage.elements < 0 || storage.view_offset < 0) in.fail("holds data of a negative size");
  pickle.storages.push_back(std::move(storage));
  return {PickleKind::kStorage, static_cast<int64_t>(pickle.storages.size() - 1), {}, {}};
}

PickleValue apply_global(Pickle& pickle, PickleId callee, PickleId arguments, const ByteReader& in) {
  const PickleValue& function = pickle.values[callee];
  const PickleValue& tuple = pickle.values[arguments];
  if (function.kind != PickleKind::kGlobal) in.fail("holds a pickle that calls something that cannot be called");
  if (tuple.kind != PickleKind::kTuple) in.fail("holds a pickle with a call without arguments");
  const GlobalRow& global = kGlobals[function.integer];
  switch (global.role) {
    case Role::kOrderedDict:
      return make_dict(pickle, tuple, in);
    case Role::kTensor:
      return make_tensor(pickle, tuple, in);
    case Role::kIgnored:
      return {};
    case Role::kSize:
    case Role::kParameter: {
      const auto wanted = global.role == Role::kSize ? PickleKind::kTuple : PickleKind::kTensor;
      if (tuple.items.empty() || item(pickle, tuple, 0).kind != wanted) break;
      return item(pickle, tuple, 0);
    }
    case Role::kStorageType:
      break;
  }
  in.fail(std::string("holds a pickle that calls ") + global.module + "." + global.name + " in an unknown way");
}

}  // namespace cvtool
