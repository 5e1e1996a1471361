#include "fuzz.h"
#include "model/weights/pickle.h"

// The bytes are the pickle alone, so that the fuzzer need not keep a zip whole around it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::read_and_copy(data, size, [](const cvtool::Blob& file) {
    const std::string origin = "fuzz";
    cvtool::ByteReader in(file.bytes, origin);
    const cvtool::Pickle pickle = cvtool::parse_pickle(in);
    cvtool::RawStateDict dict;
    dict.origin = origin;
    for (const auto& [name, place] : cvtool::state_dict_of(pickle, origin)) {
      const auto& tensor = pickle.tensors[place];
      const auto& storage = pickle.storages[tensor.storage];
      dict.tensors.push_back({name, storage.dtype, tensor.shape, tensor.strides, tensor.offset, file});
    }
    return dict;
  });
}
