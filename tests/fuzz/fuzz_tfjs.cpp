#include "fuzz.h"
#include "model/weights/tfjs.h"

// model.json, a zero byte, and the bytes of every shard.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::read_and_copy(data, size, [](const cvtool::Blob& file) {
    const size_t end = std::min(file.bytes.find('\0'), file.bytes.size());
    const size_t start = std::min(end + 1, file.bytes.size());
    const cvtool::Blob shard = file.part(start, file.bytes.size() - start);
    int left = 4;  // a manifest may name the same shard many times; beside a real file that only takes time
    return cvtool::read_tfjs(file.part(0, end), "fuzz", [&](const std::string&) {
      if (left-- == 0) cvtool::fail_weights("fuzz", "names many shards");
      return shard;
    });
  });
}
