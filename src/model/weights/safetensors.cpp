#include "model/weights/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "model/weights/json_numbers.h"

namespace cvtool {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100000000;  // the format's own limit
constexpr char kMetadata[] = "__metadata__";

constexpr DTypeName kNames[] = {
    {"BOOL", DType::kBool}, {"U8", DType::kU8},   {"I8", DType::kI8},     {"I16", DType::kI16}, {"I32", DType::kI32},
    {"I64", DType::kI64},   {"F16", DType::kF16}, {"BF16", DType::kBF16}, {"F32", DType::kF32}, {"F64", DType::kF64},
};

DType dtype_of(const nlohmann::json& entry, const std::string& name, const std::string& origin) {
  const auto found = entry.find("dtype");
  const std::string text = found != entry.end() && found->is_string() ? found->get<std::string>() : "";
  for (const auto& row : kNames) {
    if (text == row.name) return row.dtype;
  }
  fail_weights(origin, "tensor '" + name + "' has the type '" + text + "', which cvtool does not read",
               "save it as F32, F16 or BF16");
}

RawTensor tensor_of(const nlohmann::json& entry, const std::string& name, const Blob& data, const std::string& origin) {
  const auto shape = entry.is_object() ? whole_numbers(entry, "shape") : std::nullopt;
  const auto offsets = entry.is_object() ? whole_numbers(entry, "data_offsets") : std::nullopt;
  if (!shape || !offsets || offsets->size() != 2) fail_weights(origin, "tensor '" + name + "' has no shape or place");
  RawTensor tensor{name, dtype_of(entry, name, origin), *shape, contiguous_strides(*shape), 0, {}};
  const int64_t begin = (*offsets)[0];
  const int64_t end = (*offsets)[1];
  if (begin > end || static_cast<uint64_t>(end) > data.bytes.size()) {
    fail_weights(origin, "tensor '" + name + "' lies beyond the end of the file");
  }
  const int64_t count = element_count(*shape);
  const auto size = static_cast<int64_t>(element_bytes(tensor.dtype));
  if (count < 0 || (end - begin) % size != 0 || (end - begin) / size != count) {
    fail_weights(origin,
                 "tensor '" + name + "' of shape " + dimensions_text(*shape) + " does not have the bytes of its shape");
  }
  tensor.storage = data.part(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  return tensor;
}

// By place in the file; an empty tensor comes before the one that starts where it does.
bool lies_before(const RawTensor& a, const RawTensor& b) {
  const auto place = [](const RawTensor& t) { return std::make_pair(t.storage.bytes.data(), t.storage.bytes.size()); };
  return place(a) < place(b);
}

// The format allows neither holes nor overlaps.
void check_cover(const RawStateDict& dict, const Blob& data) {
  size_t at = 0;
  for (const auto& tensor : dict.tensors) {
    if (tensor.storage.bytes.data() != data.bytes.data() + at) {
      fail_weights(dict.origin, "has overlapping tensors or holes between them");
    }
    at += tensor.storage.bytes.size();
  }
  if (at != data.bytes.size()) fail_weights(dict.origin, "has bytes after its last tensor, or lacks some");
}

void read_metadata(const nlohmann::json& entry, RawStateDict& dict) {
  if (!entry.is_object()) fail_weights(dict.origin, "has metadata that are not texts");
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) fail_weights(dict.origin, "has metadata that are not texts");
    dict.metadata[key] = value.get<std::string>();
  }
}

const char* name_of(DType dtype) {
  for (const auto& row : kNames) {
    if (row.dtype == dtype) return row.name;
  }
  throw Error("this type of tensor cannot be written to a .safetensors file; write float32");
}

}  // namespace

bool is_safetensors(std::string_view bytes) {
  return bytes.size() >= 10 && bytes.substr(5, 3) == std::string_view("\0\0\0", 3) && bytes[8] == '{';
}

RawStateDict read_safetensors(const Blob& file, const std::string& origin) {
  ByteReader in(file.bytes, origin);
  const uint64_t header_bytes = in.u64();
  if (header_bytes > kMaxHeaderBytes || header_bytes > in.left()) in.fail("has a header longer than itself or 100 MB");
  const auto header = nlohmann::json::parse(in.take(header_bytes), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) fail_weights(origin, "has a header that is not JSON");
  const Blob data = file.part(in.position(), in.left());
  RawStateDict dict;
  dict.origin = origin;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata) {
      read_metadata(entry, dict);
    } else {
      dict.tensors.push_back(tensor_of(entry, name, data, origin));
    }
  }
  std::stable_sort(dict.tensors.begin(), dict.tensors.end(), lies_before);
  check_cover(dict, data);
  return dict;
}

std::map<std::string, std::string> safetensors_metadata(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot read " + path + ": " + std::strerror(errno));
  std::string start(10, '\0');
  if (!file.read(start.data(), 10) || !is_safetensors(start)) return {};
  const uint64_t length = ByteReader(start, path).u64();
  if (length > kMaxHeaderBytes || length > std::filesystem::file_size(path, error) || error) return {};
  std::string header(length, '\0');
  if (!file.seekg(8) || !file.read(header.data(), static_cast<std::streamoff>(length))) return {};
  const auto json = nlohmann::json::parse(header, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains(kMetadata)) return {};
  RawStateDict dict;
  try {
    read_metadata(json[kMetadata], dict);
  } catch (const Error&) {
    return {};
  }
  return dict.metadata;
}

std::string safetensors_bytes(const RawStateDict& dict) {
  Json header = Json::object();
  if (!dict.metadata.empty()) header[kMetadata] = dict.metadata;
  size_t at = 0;
  for (const auto& tensor : dict.tensors) {
    const size_t size = static_cast<size_t>(element_count(tensor.shape)) * element_bytes(tensor.dtype);
    header[tensor.name] = {
        {"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeaderBytes)
    throw Error("what is known of the weights takes more than the 100 MB that a .safetensors file has for it");
  std::string bytes;
  bytes.reserve(8 + text.size() + at);
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 255));
  bytes += text;
  size_t start = bytes.size();
  bytes.resize(start + at);
  for (const auto& tensor : dict.tensors) {
    copy_contiguous(tensor, bytes.data() + start);
    start += static_cast<size_t>(element_count(tensor.shape)) * element_bytes(tensor.dtype);
  }
  return bytes;
}

}  // namespace cvtool
