#include "model/weights/torch_file.h"

#include <unordered_map>

#include "base/text.h"
#include "model/weights/pickle.h"
#include "model/weights/zip.h"

namespace cvtool {
namespace {

using Storages = std::unordered_map<std::string, Blob>;

// The pickle of the number 0x1950a86a20f9469cfc6c, torch.serialization.MAGIC_NUMBER, after the protocol.
constexpr std::string_view kMagic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
constexpr int64_t kLegacyVersion = 1001;  // torch.serialization.PROTOCOL_VERSION

// Tensors of the pickle with their bytes; `storage_of` gives the whole storage of a key.
template <class StorageOf>
RawStateDict assemble(const Pickle& pickle, const std::string& origin, StorageOf storage_of) {
  RawStateDict dict;
  dict.origin = origin;
  for (auto& named : state_dict_of(pickle, origin)) {
    const PickleTensor& tensor = pickle.tensors[named.tensor];
    const PickleStorage& storage = pickle.storages[tensor.storage];
    const size_t size = element_bytes(storage.dtype);
    const Blob whole = storage_of(storage);
    const auto stored = static_cast<int64_t>(whole.bytes.size() / size);
    if (storage.view_offset > stored || storage.elements > stored - storage.view_offset) {
      fail_weights(origin, "the data of tensor '" + named.name + "' are cut off: " + with_thousands(stored) + " of " +
                               with_thousands(storage.elements) + " elements");
    }
    RawTensor raw{std::move(named.name), storage.dtype, tensor.shape, tensor.strides, tensor.offset, {}};
    raw.storage =
        whole.part(static_cast<size_t>(storage.view_offset) * size, static_cast<size_t>(storage.elements) * size);
    dict.tensors.push_back(std::move(raw));
  }
  return dict;
}

const PickleValue& value_under(const Pickle& pickle, const char* key, const ByteReader& in) {
  const PickleValue& dict = pickle.values[pickle.root];
  if (dict.kind == PickleKind::kDict) {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      if (pickle.values[dict.items[i]].text == key) return pickle.values[dict.items[i + 1]];
    }
  }
  in.fail(std::string("does not say its ") + key);
}

void check_legacy_header(ByteReader& in) {
  in.take(2 + kMagic.size());
  const Pickle version = parse_pickle(in);
  if (version.values[version.root].integer != kLegacyVersion)
    in.fail("has an unknown version of the old torch.save format");
  const Pickle system = parse_pickle(in);
  if (value_under(system, "little_endian", in).integer != 1) in.fail("was saved on a big-endian machine");
}

// The raw part: for each key the number of elements and the elements.
Storages read_legacy_storages(const Blob& file, const Pickle& objects, const Pickle& keys, ByteReader& in) {
  std::unordered_map<std::string, size_t> sizes;
  for (const auto& storage : objects.storages) sizes.emplace(storage.key, element_bytes(storage.dtype));
  const PickleValue& list = keys.values[keys.root];
  if (list.kind != PickleKind::kList) in.fail("has no list of its data");
  Storages storages;
  for (const PickleId id : list.items) {
    const std::string key(keys.values[id].text.substr(0, 256));
    const auto size = sizes.find(key);
    if (size == sizes.end()) in.fail("holds data that belong to no tensor");
    const uint64_t elements = in.u64();
    if (elements > in.left() / size->second) {
      in.fail("is cut off: " + with_thousands(static_cast<int64_t>(in.left())) + " bytes are left for " +
              (elements >> 62 ? "too many" : with_thousands(static_cast<int64_t>(elements))) + " elements of " +
              std::to_string(size->second) + " bytes");
    }
    const size_t start = in.position();
    const size_t bytes = in.take(elements * size->second).size();
    storages[key] = file.part(start, bytes);
  }
  return storages;
}

void refuse_other_zips(ZipArchive& zip, const std::string& origin) {
  if (zip.has("constants.pkl")) {
    fail_weights(origin, "is a TorchScript model, not a state dict", "pass it with --base instead");
  }
  if (zip.has("model.weights.h5")) {
    fail_weights(origin, "is a .keras archive, which cvtool does not read",
                 "save the model from Keras in the HDF5 format: model.save(\"FILE.h5\")");
  }
  if (zip.has("archive_format") || zip.has("serialized_exported_program.json")) {
    fail_weights(origin, "is a program of torch.export (.pt2), which cvtool does not read",
                 "save the weights in Python: torch.save(model.state_dict(), FILE)");
  }
  if (!zip.has("data.pkl")) {
    fail_weights(origin, "is a zip file but not one of torch.save", "unpack it and pass the weights inside");
  }
  if (zip.has("byteorder") && zip.read("byteorder").bytes != "little") {
    fail_weights(origin, "was saved on a big-endian machine", "save it again on a little-endian one");
  }
}

}  // namespace

RawStateDict read_torch_zip(const Blob& file, const std::string& origin) {
  ZipArchive zip(file, origin);
  refuse_other_zips(zip, origin);
  const Blob objects = zip.read("data.pkl");
  ByteReader in(objects.bytes, origin);
  const Pickle pickle = parse_pickle(in);
  Storages storages;
  return assemble(pickle, origin, [&](const PickleStorage& storage) {
    const auto [place, is_new] = storages.try_emplace(storage.key);
    if (is_new) place->second = zip.read("data/" + storage.key);
    return place->second;
  });
}

RawStateDict read_torch_legacy(const Blob& file, const std::string& origin) {
  ByteReader in(file.bytes, origin);
  check_legacy_header(in);
  const Pickle objects = parse_pickle(in);
  const Pickle keys = parse_pickle(in);
  const Storages storages = read_legacy_storages(file, objects, keys, in);
  return assemble(objects, origin, [&](const PickleStorage& storage) {
    const auto found = storages.find(storage.key);
    if (found == storages.end()) fail_weights(origin, "lacks the data '" + storage.key + "' of a tensor");
    return found->second;
  });
}

bool is_torch_legacy(std::string_view bytes) {
  return bytes.size() >= 2 + kMagic.size() && bytes[0] == '\x80' && bytes.substr(2, kMagic.size()) == kMagic;
}

}  // namespace cvtool
