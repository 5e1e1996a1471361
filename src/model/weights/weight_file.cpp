#include "model/weights/weight_file.h"

#include "base/text.h"
#include "model/weights/h5.h"
#include "model/weights/safetensors.h"
#include "model/weights/tfjs.h"
#include "model/weights/torch_file.h"

namespace cvtool {
namespace {

constexpr char kFormats[] = "pass a file of torch.save, .safetensors, Keras .h5 or tfjs model.json";

bool begins(std::string_view bytes, std::string_view prefix) { return bytes.substr(0, prefix.size()) == prefix; }

// What else lies under the name of a weight file now and then.
[[noreturn]] void fail_unknown(std::string_view bytes, const std::string& path) {
  constexpr char kFetch[] = "fetch the file again";
  const std::string start = lower(std::string(bytes.substr(0, 64)));
  if (bytes.empty()) fail_weights(path, "is empty", kFetch);
  if (starts_with(start, "<!doctype") || starts_with(start, "<html")) {
    fail_weights(path, "is a web page, not a weight file", kFetch);
  }
  if (starts_with(start, "version https://git-lfs")) {
    fail_weights(path, "is a Git LFS pointer, not the file itself", "fetch it with: git lfs pull");
  }
  if (begins(bytes.substr(bytes.size() > 257 ? 257 : bytes.size()), "ustar")) {
    fail_weights(path, "is a tar archive", "unpack it and pass the weights inside");
  }
  if (bytes[0] == '\x80') {
    fail_weights(path, "is a Python pickle but not one of torch.save",
                 "save it with torch.save(model.state_dict(), FILE)");
  }
  fail_weights(path, "is not a weight file that cvtool knows", kFormats);
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
    fail_unknown(bytes, path);
  }
  check_tensors(dict, size);
  return dict;
}

}  // namespace cvtool
