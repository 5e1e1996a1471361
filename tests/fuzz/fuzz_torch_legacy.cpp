#include "fuzz.h"
#include "model/weights/torch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::read_and_copy(data, size,
                               [](const cvtool::Blob& file) { return cvtool::read_torch_legacy(file, "fuzz"); });
}
