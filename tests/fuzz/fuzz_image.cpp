#include "data/image.h"
#include "fuzz.h"

// dav1d 1.0 loses a few bytes for each damaged AVIF.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }

// Every format, known by its first bytes; with what it says of orientation and size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::answered([&] {
    cvtool::DecodeOptions options;
    options.max_pixels = 1 << 20;
    cvtool::decode_image(cvtool::text_of(data, size), options);
  });
}
