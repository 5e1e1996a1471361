#include "fuzz.h"
#include "model/weights/h5.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::read_and_copy(data, size, [](const cvtool::Blob& file) { return cvtool::read_h5(file, "fuzz"); });
}
