#include "model/weights/h5.h"

#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "model/weights/h5_handle.h"

namespace cvtool {
namespace {

constexpr size_t kMaxNames = 100000;
constexpr char kKerasNextStep[] =
    "save the model from Keras in its older HDF5 layout: model.save(\"FILE.h5\")";

class Reader {
 public:
  explicit Reader(const std::string& path) : origin_(path), limit_bytes_(limit_of(path)) {
    H5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    file_ = H5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
    if (!file_) fail_weights(origin_, "is not a whole HDF5 file");
  }

  RawStateDict read() {
    RawStateDict dict;
    dict.origin = origin_;
    const bool whole_model = H5Lexists(file_.id(), "model_weights", H5P_DEFAULT) > 0;
    const H5Handle root = open_group(file_, whole_model ? "model_weights" : "/");
    const auto layers = names_of(root, "layer_names");
    if (layers.empty()) fail_weights(origin_, "is an HDF5 file without Keras's layer_names", kKerasNextStep);
    for (const auto& layer : layers) read_layer(root, layer, dict);
    if (dict.tensors.empty()) fail_weights(origin_, "holds no weights", kKerasNextStep);
    return dict;
  }

 private:
  static uint64_t limit_of(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return (uint64_t{64} << 20) + 16 * static_cast<uint64_t>(error ? 0 : size);
  }

  void read_layer(const H5Handle& root, const std::string& layer, RawStateDict& dict) {
    const H5Handle group = open_group(root, layer);
    for (const auto& weight : names_of(group, "weight_names")) {
      RawTensor tensor = read_tensor(group, weight);
      // Keras 3 writes the variable alone ("kernel").
      tensor.name = weight.find('/') == std::string::npos ? layer + "/" + weight : weight;
      dict.tensors.push_back(std::move(tensor));
    }
  }

  // Refuses soft and external links anywhere on the way: they lead to other files.
  void check_links(const H5Handle& place, const std::string& path) const {
    for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
      const std::string prefix = path.substr(0, end);
      H5L_info_t info;
      const bool hard = prefix.empty() || (H5Lexists(place.id(), prefix.c_str(), H5P_DEFAULT) > 0 &&
                                           H5Lget_info(place.id(), prefix.c_str(), &info, H5P_DEFAULT) >= 0 &&
                                           info.type == H5L_TYPE_HARD);
      if (!hard) fail_weights(origin_, "lacks '" + path + "', which it names");
      if (end == std::string::npos) return;
    }
  }

  H5Handle open_group(const H5Handle& place, const std::string& path) const {
    if (path != "/") check_links(place, path);
    H5Handle group(H5Gopen2(place.id(), path.c_str(), H5P_DEFAULT), H5Gclose);
    if (!group) fail_weights(origin_, "has a damaged group '" + path + "'");
    return group;
  }

  // The attribute `name`, or its parts name0, name1, ... into which Keras cuts long lists.
  std::vector<std::string> names_of(const H5Handle& place, const std::string& name) {
    if (H5Aexists(place.id(), name.c_str()) > 0) return texts_of(place, name);
    std::vector<std::string> all;
    for (int part = 0; H5Aexists(place.id(), (name + std::to_string(part)).c_str()) > 0; ++part) {
      const auto texts = texts_of(place, name + std::to_string(part));
      all.insert(all.end(), texts.begin(), texts.end());
      if (all.size() > kMaxNames) fail_weights(origin_, "names too many layers");
    }
    return all;
  }

  std::vector<std::string> texts_of(const H5Handle& place, const std::string& name) {
    const H5Handle attribute(H5Aopen(place.id(), name.c_str(), H5P_DEFAULT), H5Aclose);
    const H5Handle type(attribute ? H5Aget_type(attribute.id()) : -1, H5Tclose);
    const H5Handle space(attribute ? H5Aget_space(attribute.id()) : -1, H5Sclose);
    const auto count =
        static_cast<size_t>(std::max<hssize_t>(space ? H5Sget_simple_extent_npoints(space.id()) : 0, 0));
    // An empty list of names is stored as an empty list of numbers.
    if (space && count == 0) return {};
    if (!type || !space || H5Tget_class(type.id()) != H5T_STRING)
      fail_weights(origin_, "has damaged " + name);
    const size_t size = H5Tget_size(type.id());
    if (count > kMaxNames || size == 0 || size > 100000)
      fail_weights(origin_, "names too many layers in " + name);
    // Keras writes texts of fixed length; libhdf5 1.10 may loop for ever in the damaged heap of variable
    // ones.
    if (H5Tis_variable_str(type.id()) != 0)
      fail_weights(origin_, "has " + name + " of variable length", kKerasNextStep);
    return fixed_texts(attribute, type, size, count);
  }

  std::vector<std::string> fixed_texts(const H5Handle& attribute, const H5Handle& type, size_t size,
                                       size_t count) {
    take(count * size, "the names of layers");
    std::string bytes(count * size, '\0');
    if (H5Aread(attribute.id(), type.id(), bytes.data()) < 0)
      fail_weights(origin_, "has damaged names of layers");
    std::vector<std::string> texts;
    for (size_t i = 0; i < count; ++i)
      texts.emplace_back(bytes.data() + i * size, ::strnlen(bytes.data() + i * size, size));
    return texts;
  }

  RawTensor read_tensor(const H5Handle& group, const std::string& name) {
    check_links(group, name);
    const H5Handle dataset(H5Dopen2(group.id(), name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset) fail_weights(origin_, "has a damaged weight '" + name + "'");
    check_storage(dataset, name);
    RawTensor tensor;
    tensor.name = name;
    tensor.shape = shape_of(dataset, name);
    tensor.strides = contiguous_strides(tensor.shape);
    const hid_t type = memory_type(dataset, tensor);
    const int64_t count = element_count(tensor.shape);
    const size_t size = element_bytes(tensor.dtype);
    if (count < 0 || static_cast<uint64_t>(count) > limit_bytes_ / size) {
      fail_weights(origin_,
                   "weight '" + name + "' of shape " + shape_text(tensor.shape) + " is bigger than the file");
    }
    take(static_cast<uint64_t>(count) * size, name);
    std::string bytes(static_cast<size_t>(count) * size, '\0');
    if (count > 0 && H5Dread(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) {
      fail_weights(origin_, "has a damaged weight '" + name + "'");
    }
    tensor.storage = blob_of(std::move(bytes));
    return tensor;
  }

  // Data in other files and filters that would be loaded as plugins.
  void check_storage(const H5Handle& dataset, const std::string& name) const {
    const H5Handle creation(H5Dget_create_plist(dataset.id()), H5Pclose);
    const auto refuse = [&] {
      fail_weights(origin_, "weight '" + name + "' is stored in an unusual way", kKerasNextStep);
    };
    if (!creation || H5Pget_external_count(creation.id()) != 0) refuse();
    const H5D_layout_t layout = H5Pget_layout(creation.id());
    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) refuse();
    const int filters = layout == H5D_CHUNKED ? H5Pget_nfilters(creation.id()) : 0;
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0;
      size_t values = 0;
      const auto filter = H5Pget_filter2(creation.id(), static_cast<unsigned>(i), &flags, &values, nullptr, 0,
                                         nullptr, nullptr);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
        refuse();
    }
  }

  std::vector<int64_t> shape_of(const H5Handle& dataset, const std::string& name) const {
    const H5Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const int dimensions = space ? H5Sget_simple_extent_ndims(space.id()) : -1;
    if (dimensions < 0 || dimensions > 16 || H5Sget_simple_extent_type(space.id()) == H5S_NULL) {
      fail_weights(origin_, "weight '" + name + "' has no shape");
    }
    std::vector<hsize_t> sizes(static_cast<size_t>(dimensions));
    if (dimensions > 0) H5Sget_simple_extent_dims(space.id(), sizes.data(), nullptr);
    return {sizes.begin(), sizes.end()};
  }

  // The type to read as; sets the tensor's. Wider than what is stored, so nothing is lost.
  hid_t memory_type(const H5Handle& dataset, RawTensor& tensor) const {
    const H5Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const H5T_class_t kind = type ? H5Tget_class(type.id()) : H5T_NO_CLASS;
    if (kind == H5T_FLOAT) {
      const bool wide = H5Tget_size(type.id()) > sizeof(float);
      tensor.dtype = wide ? DType::kF64 : DType::kF32;
      return wide ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
    }
    if (kind != H5T_INTEGER)
      fail_weights(origin_, "weight '" + tensor.name + "' does not hold numbers", kKerasNextStep);
    tensor.dtype = DType::kI64;
    return H5T_NATIVE_INT64;
  }

  void take(uint64_t bytes, const std::string& what) {
    if (bytes > limit_bytes_)
      fail_weights(origin_, "is blown up beyond its size by '" + what + "'", kKerasNextStep);
    limit_bytes_ -= bytes;
  }

  std::string origin_;
  uint64_t limit_bytes_;
  H5Handle file_;
};

}  // namespace

RawStateDict read_h5(const std::string& path) {
  const H5Silence silence;
  return Reader(path).read();
}

bool is_h5(std::string_view bytes) {
  return starts_with(std::string(bytes.substr(0, 8)), "\x89HDF\r\n\x1a\n");
}

}  // namespace cvtool
