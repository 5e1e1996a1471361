#include "base/error.h"
#include "data/image.h"

// dav1d 1.0 loses a few bytes for each damaged AVIF.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }

// Every format, known by its first bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cvtool::DecodeOptions options;
  options.max_pixels = 1 << 20;
  try {
    cvtool::decode_image(std::string(reinterpret_cast<const char*>(data), size), options);
  } catch (const cvtool::DataError&) {
  }
  return 0;
}
