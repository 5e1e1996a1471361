#include "model/weights/tfjs.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/weights/json_numbers.h"

namespace cvtool {
namespace {

using TfjsJson = nlohmann::json;

constexpr size_t kMaxJsonBytes = size_t{32} << 20;
constexpr size_t kMaxShards = 10000;

constexpr DTypeName kStored[] = {
    {"float32", DType::kF32}, {"int32", DType::kI32}, {"uint8", DType::kU8}, {"bool", DType::kBool}};
constexpr DTypeName kQuantized[] = {{"uint8", DType::kU8}, {"uint16", DType::kI16}, {"float16", DType::kF16}};

std::string text_under(const TfjsJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_under(const TfjsJson& object, const char* key, double absent) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : absent;
}

// One entry of the manifest.
struct Entry {
  std::string name;
  DType stored = DType::kF32;
  bool quantized = false;
  double scale = 1;
  double min = 0;
  std::vector<int64_t> shape;
};

template <size_t kCount>
DType dtype_of(const DTypeName (&rows)[kCount], const std::string& text, const Entry& entry,
               const std::string& origin) {
  for (const auto& row : rows) {
    if (text == row.name) return row.dtype;
  }
  fail_weights(origin, "weight '" + entry.name + "' has the type '" + text + "', which cvtool does not read",
               "convert the model with float32 weights");
}

Entry entry_of(const TfjsJson& json, const std::string& origin) {
  Entry entry;
  const auto shape = json.is_object() ? whole_numbers(json, "shape") : std::nullopt;
  if (!shape || text_under(json, "name").empty()) fail_weights(origin, "names a weight without name or shape");
  entry.name = text_under(json, "name");
  entry.shape = *shape;
  const auto quantization = json.find("quantization");
  entry.quantized = quantization != json.end() && quantization->is_object();
  if (!entry.quantized) {
    entry.stored = dtype_of(kStored, text_under(json, "dtype"), entry, origin);
    return entry;
  }
  entry.stored = dtype_of(kQuantized, text_under(*quantization, "dtype"), entry, origin);
  entry.scale = number_under(*quantization, "scale", entry.stored == DType::kF16 ? 1 : std::nan(""));
  entry.min = number_under(*quantization, "min", entry.stored == DType::kF16 ? 0 : std::nan(""));
  if (std::isnan(entry.scale) || std::isnan(entry.min)) {
    fail_weights(origin, "weight '" + entry.name + "' is quantized but has no scale and min");
  }
  return entry;
}

uint16_t u16_at(const char* bytes) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8);
}

// IEEE 754 binary16.
float f32_from_f16(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  float value = 0;
  if (exponent == 31) {
    value = fraction ? std::nanf("") : INFINITY;
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    value = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return bits & 0x8000 ? -value : value;
}

// The float32 values of a quantized weight, as bytes.
Blob dequantized(const Entry& entry, std::string_view bytes) {
  const size_t size = element_bytes(entry.stored);
  std::string values(bytes.size() / size * sizeof(float), '\0');
  for (size_t i = 0; i < bytes.size() / size; ++i) {
    float value = 0;
    if (entry.stored == DType::kF16) {
      value = f32_from_f16(u16_at(&bytes[i * 2]));
    } else {
      const double code = size == 1 ? static_cast<uint8_t>(bytes[i]) : u16_at(&bytes[i * 2]);
      value = static_cast<float>(code * entry.scale + entry.min);
    }
    std::memcpy(&values[i * sizeof value], &value, sizeof value);
  }
  return blob_of(std::move(values));
}

// All shards of a group, one after another.
Blob group_bytes(const TfjsJson& group, const std::string& origin, const ShardReader& read_shard) {
  const auto paths = group.find("paths");
  if (paths == group.end() || !paths->is_array() || paths->size() > kMaxShards) {
    fail_weights(origin, "does not name the files of its weights");
  }
  std::vector<Blob> shards;
  for (const auto& path : *paths) {
    const std::string name = path.is_string() ? path.get<std::string>() : "";
    // A model.json from elsewhere must not open files outside its folder.
    const bool inside = !name.empty() && name[0] != '/' && name.find('\\') == std::string::npos &&
                        name.find('\0') == std::string::npos && ("/" + name + "/").find("/../") == std::string::npos;
    if (!inside) fail_weights(origin, "names the weights file '" + name + "', which is not below its own folder");
    shards.push_back(read_shard(name));
  }
  if (shards.size() == 1) return shards[0];
  std::string all;
  for (const auto& shard : shards) all += shard.bytes;
  return blob_of(std::move(all));
}

void read_group(const TfjsJson& group, RawStateDict& dict, const ShardReader& read_shard) {
  const auto weights = group.is_object() ? group.find("weights") : group.end();
  if (!group.is_object() || weights == group.end() || !weights->is_array()) {
    fail_weights(dict.origin, "has a weights manifest without weights");
  }
  const Blob bytes = group_bytes(group, dict.origin, read_shard);
  size_t at = 0;
  for (const auto& json : *weights) {
    const Entry entry = entry_of(json, dict.origin);
    const int64_t count = element_count(entry.shape);
    const size_t size = element_bytes(entry.stored);
    const size_t left = bytes.bytes.size() - at;
    if (count < 0 || static_cast<uint64_t>(count) > left / size) {
      fail_weights(dict.origin, "weight '" + entry.name + "' of shape " + dimensions_text(entry.shape) +
                                    " reaches beyond the end of the weight files");
    }
    const Blob stored = bytes.part(at, static_cast<size_t>(count) * size);
    at += stored.bytes.size();
    RawTensor tensor{entry.name, entry.stored, entry.shape, contiguous_strides(entry.shape), 0, stored};
    if (entry.quantized) tensor.dtype = DType::kF32, tensor.storage = dequantized(entry, stored.bytes);
    dict.tensors.push_back(std::move(tensor));
  }
  if (at != bytes.bytes.size()) fail_weights(dict.origin, "names fewer weights than its weight files hold");
}

}  // namespace

RawStateDict read_tfjs(const Blob& model_json, const std::string& origin, const ShardReader& read_shard) {
  if (model_json.bytes.size() > kMaxJsonBytes) fail_weights(origin, "is a JSON file of more than 32 MiB");
  const auto json = TfjsJson::parse(model_json.bytes, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) fail_weights(origin, "is not whole JSON");
  const auto manifest = json.is_object() ? json.find("weightsManifest") : json.end();
  if (!json.is_object() || manifest == json.end() || !manifest->is_array()) {
    fail_weights(origin, "is JSON without a weightsManifest", "pass the model.json of a TensorFlow.js layers model");
  }
  RawStateDict dict;
  dict.origin = origin;
  for (const auto& group : *manifest) read_group(group, dict, read_shard);
  if (dict.tensors.empty()) fail_weights(origin, "names no weights");
  return dict;
}

TfjsFile read_tfjs_file(const Blob& model_json, const std::string& path) {
  TfjsFile file;
  file.bytes = model_json.bytes.size();
  const auto folder = std::filesystem::path(path).parent_path();
  file.dict = read_tfjs(model_json, path, [&](const std::string& name) {
    const auto shard = folder / name;
    std::error_code error;
    if (!stays_inside(name)) {
      fail_weights(path, "names the weights file '" + name + "', which does not lie beside it");
    }
    if (!std::filesystem::exists(shard, error)) {
      fail_weights(path, "names the weights file '" + name + "', which is not beside it", "put it there");
    }
    Blob bytes = blob_of_file(shard.string());
    file.bytes += bytes.bytes.size();
    return bytes;
  });
  return file;
}

}  // namespace cvtool
