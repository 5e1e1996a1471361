// Finds the state dict in what a pickle holds.
#include <unordered_set>

#include "base/text.h"
#include "model/weights/pickle.h"

namespace cvtool {
namespace {

// Under these keys the trainers of the field keep the state dict in their checkpoints; averaged weights come last.
constexpr const char* kWrappers[] = {
    "state_dict", "model_state_dict", "model",          "net", "module",    "weights", "params", "model_weights",
    "model_ema",  "state_dict_ema",   "ema_state_dict", "ema", "params_ema"};
constexpr int kMaxWrapping = 4;
constexpr size_t kMaxNameBytes = 1000;

const PickleValue* find(const Pickle& pickle, const PickleValue& dict, const char* key) {
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& name = pickle.values[dict.items[i]];
    if (name.kind == PickleKind::kText && name.text == key) return &pickle.values[dict.items[i + 1]];
  }
  return nullptr;
}

const PickleValue* wrapped(const Pickle& pickle, const PickleValue& dict) {
  for (const char* key : kWrappers) {
    const PickleValue* inner = find(pickle, dict, key);
    if (inner && inner->kind == PickleKind::kDict) return inner;
  }
  return nullptr;
}

std::vector<NamedPickleTensor> tensors_of(const Pickle& pickle, const PickleValue& dict, const std::string& origin) {
  std::vector<NamedPickleTensor> tensors;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& name = pickle.values[dict.items[i]];
    const PickleValue& value = pickle.values[dict.items[i + 1]];
    if (name.kind != PickleKind::kText || value.kind != PickleKind::kTensor) continue;
    if (name.text.size() > kMaxNameBytes) fail_weights(origin, "holds a tensor with a name of more than 1,000 bytes");
    tensors.push_back({std::string(name.text), static_cast<size_t>(value.integer)});
  }
  return tensors;
}

std::string keys_text(const Pickle& pickle, const PickleValue& dict) {
  std::vector<std::string> keys;
  for (size_t i = 0; i + 1 < dict.items.size() && keys.size() < 10; i += 2) {
    const PickleValue& name = pickle.values[dict.items[i]];
    if (name.kind == PickleKind::kText) keys.push_back("'" + std::string(name.text.substr(0, 60)) + "'");
  }
  return keys.empty() ? "" : " (its keys: " + join(keys, ", ") + ")";
}

}  // namespace

std::vector<NamedPickleTensor> state_dict_of(const Pickle& pickle, const std::string& origin) {
  const PickleValue* dict = &pickle.values[pickle.root];
  constexpr char kNextStep[] = "save the weights alone in Python: torch.save(model.state_dict(), FILE)";
  if (dict->kind != PickleKind::kDict) fail_weights(origin, "holds no dictionary of tensors", kNextStep);
  for (int depth = 0; depth <= kMaxWrapping; ++depth) {
    auto tensors = tensors_of(pickle, *dict, origin);
    if (!tensors.empty()) return tensors;
    const PickleValue* inner = wrapped(pickle, *dict);
    if (!inner) break;
    dict = inner;
  }
  fail_weights(origin, "holds a dictionary without tensors" + keys_text(pickle, *dict), kNextStep);
}

}  // namespace cvtool
