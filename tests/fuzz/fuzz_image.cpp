#include "data/decode/image_format.h"
#include "data/image.h"
#include "fuzz.h"

// dav1d 1.0 loses a few bytes for each damaged AVIF.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }

// A picture of the target's format (CVTOOL_FUZZ_FORMAT, the names of format_name with blanks between them), with what
// it says of orientation and size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string wanted = CVTOOL_FUZZ_FORMAT " ";
  const std::string bytes = cvtool::text_of(data, size);
  if (wanted.find(cvtool::format_name(cvtool::image_format(bytes)) + std::string(" ")) == std::string::npos) return 0;
  return cvtool::answered([&] {
    cvtool::DecodeOptions options;
    options.max_pixels = 1 << 20;
    std::string damage;
    cvtool::decode_image(bytes, options, &damage);
  });
}
