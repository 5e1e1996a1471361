#include "model/weights/weight_file.h"

#include <algorithm>

#include "base/text.h"
#include "model/weights/file_kind.h"
#include "model/weights/h5.h"
#include "model/weights/safetensors.h"
#include "model/weights/tfjs.h"
#include "model/weights/torch_file.h"

namespace cvtool {
namespace {

constexpr char kFormats[] = "pass a file of torch.save, .safetensors, Keras .h5 or tfjs model.json";

bool begins(std::string_view bytes, std::string_view prefix) { return bytes.substr(0, prefix.size()) == prefix; }

// Before each name, wrappers of nets write their own: DataParallel and averaged models, torch.compile, Lightning,
// transformers around timm.
constexpr const char* kNamePrefixes[] = {"module.", "_orig_mod.", "model.", "net.", "ema_model.", "timm_model."};

// Beside the net's tensors, averaged models count their updates.
bool is_counter_of_wrapper(const RawTensor& tensor) { return tensor.name == "n_averaged"; }

void unwrap_names(RawStateDict& dict) {
  const auto unwrapped_by = [&](const std::string& prefix) {
    bool any = false;
    for (const RawTensor& tensor : dict.tensors) {
      if (is_counter_of_wrapper(tensor)) continue;
      if (!starts_with(tensor.name, prefix)) return false;
      any = true;
    }
    return any;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string prefix : kNamePrefixes) {
      if (!unwrapped_by(prefix)) continue;
      dict.tensors.erase(std::remove_if(dict.tensors.begin(), dict.tensors.end(), is_counter_of_wrapper),
                         dict.tensors.end());
      for (RawTensor& tensor : dict.tensors) tensor.name.erase(0, prefix.size());
      dict.unwrapped += prefix;
      changed = true;
    }
  }
}

}  // namespace

RawStateDict read_weight_file(const std::string& path) {
  const Blob file = blob_of_file(path);
  const std::string_view bytes = file.bytes;
  size_t size = bytes.size();
  RawStateDict dict;
  if (begins(bytes, "PK\x03\x04")) {
    dict = read_torch_zip(file, path);
  } else if (is_torch_legacy(bytes)) {
    dict = read_torch_legacy(file, path);
  } else if (is_h5(bytes)) {
    dict = read_h5(file, path);
  } else if (is_safetensors(bytes)) {
    dict = read_safetensors(file, path);
  } else if (const auto first = bytes.find_first_not_of(" \t\r\n"); first != bytes.npos && bytes[first] == '{') {
    TfjsFile tfjs = read_tfjs_file(file, path);
    size = tfjs.bytes;
    dict = std::move(tfjs.dict);
  } else {
    const ForeignKind kind = kind_of_file(file);
    fail_weights(path, kind.what.empty() ? "is not a weight file that cvtool knows" : kind.what,
                 kind.what.empty() ? kFormats : kind.next_step);
  }
  check_tensors(dict, size);
  unwrap_names(dict);
  return dict;
}

}  // namespace cvtool
