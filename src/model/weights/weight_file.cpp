#include "model/weights/weight_file.h"

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

}  // namespace

RawStateDict read_weight_file(const std::string& path) {
  const Blob file = map_file(path);
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
    const FileKind kind = kind_of_file(file);
    fail_weights(path, kind.what.empty() ? "is not a weight file that cvtool knows" : kind.what,
                 kind.what.empty() ? kFormats : kind.next_step);
  }
  check_tensors(dict, size);
  return dict;
}

}  // namespace cvtool
