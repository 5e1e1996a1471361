#include "fuzz.h"
#include "model/weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::read_and_copy(data, size,
                               [](const cvtool::Blob& file) { return cvtool::read_safetensors(file, "fuzz"); });
}
