#include "model/weights/h5.h"

#include "model/weights/h5_file.h"
#include "model/weights/h5_types.h"

namespace cvtool {
namespace {

constexpr size_t kMaxNames = 100000;

// The attribute `name`, or its parts name0, name1, ... into which Keras cuts long lists.
std::vector<std::string> names_of(H5File& file, H5Address object, const std::string& name, const std::string& origin) {
  if (auto names = file.texts(object, name)) return *names;
  std::vector<std::string> all;
  for (int part = 0;; ++part) {
    const auto names = file.texts(object, name + std::to_string(part));
    if (!names) return all;
    all.insert(all.end(), names->begin(), names->end());
    if (all.size() > kMaxNames) fail_weights(origin, "names too many layers");
  }
}

H5Address child(H5File& file, H5Address group, const std::string& path, const std::string& origin) {
  if (const auto found = file.find(group, path)) return *found;
  fail_weights(origin, "lacks '" + path + "', which it names");
}

}  // namespace

RawStateDict read_h5(const Blob& bytes, const std::string& origin) {
  H5File file(bytes, origin);
  RawStateDict dict;
  dict.origin = origin;
  const H5Address root = file.find(file.root(), "model_weights").value_or(file.root());
  const auto layers = names_of(file, root, "layer_names", origin);
  if (layers.empty()) fail_weights(origin, "is an HDF5 file without Keras's layer_names", kSaveAgain);
  const auto groups = file.children(root);
  for (const auto& layer : layers) {
    const auto found = groups.find(layer);
    const H5Address group = found != groups.end() ? found->second : child(file, root, layer, origin);
    for (const auto& weight : names_of(file, group, "weight_names", origin)) {
      // Keras 3 writes the variable alone ("kernel").
      const std::string name = weight.find('/') == std::string::npos ? layer + "/" + weight : weight;
      dict.tensors.push_back(file.tensor(child(file, group, weight, origin), name));
    }
  }
  if (dict.tensors.empty()) fail_weights(origin, "holds no weights", kSaveAgain);
  return dict;
}

bool is_h5(std::string_view bytes) { return bytes.substr(0, 8) == "\x89HDF\r\n\x1a\n"; }

}  // namespace cvtool
