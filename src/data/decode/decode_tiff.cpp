// TIFF through libtiff: its first page, whatever the bits, colours and compression.
#include <tiffio.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

struct TiffSource {
  const std::string* bytes;
  toff_t position;
};

tmsize_t read_bytes(thandle_t handle, void* target, tmsize_t count) {
  auto& reader = *static_cast<TiffSource*>(handle);
  const toff_t size = reader.bytes->size();
  const toff_t left = reader.position < size ? size - reader.position : 0;
  const toff_t take = std::min<toff_t>(static_cast<toff_t>(count), left);
  std::memcpy(target, reader.bytes->data() + std::min(reader.position, size), take);
  reader.position += take;
  return static_cast<tmsize_t>(take);
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& reader = *static_cast<TiffSource*>(handle);
  if (whence == SEEK_CUR) offset += reader.position;
  if (whence == SEEK_END) offset += reader.bytes->size();
  return reader.position = offset;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<TiffSource*>(handle)->bytes->size(); }

// libtiff tells its errors to one function of the process; the thread that reads knows whose they are.
thread_local std::string* own_errors = nullptr;

void keep_error(const char*, const char* format, va_list values) {
  if (!own_errors || !own_errors->empty()) return;
  char text[256] = "";
  std::vsnprintf(text, sizeof text, format, values);
  *own_errors = text;
}

struct ErrorKeeper {
  std::string text;  // the first error
  ErrorKeeper() {
    static const bool kSet = [] {
      TIFFSetErrorHandler(keep_error);
      TIFFSetWarningHandler(nullptr);
      return true;
    }();
    (void)kSet;
    own_errors = &text;
  }
  ~ErrorKeeper() { own_errors = nullptr; }
  std::string why() const { return text.empty() ? "" : ": " + text; }
};

// What libtiff would not read, or read as something else than it is; "" where there is nothing.
std::string unread_kind(TIFF* tiff) {
  uint16_t bits = 1, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_RGB;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  const std::string size = std::to_string(bits) + "-bit ";
  if (format == SAMPLEFORMAT_IEEEFP) return size + "float samples";
  if (format == SAMPLEFORMAT_INT) return size + "signed samples";
  if (format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP) return "complex numbers";
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16) return size + "samples";
  if (photometric == PHOTOMETRIC_SEPARATED && bits != 8) return size + "CMYK";
  char why[1024] = "";
  return TIFFRGBAImageOK(tiff, why) ? "" : why;
}

// libtiff takes memory for a tile or a strip as the header has it.
void check_parts(TIFF* tiff, const DecodeOptions& options) {
  uint32_t height = 0, width = 0;
  if (TIFFIsTiled(tiff)) {
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
    check_pixel_count(height, width, options);
  }
  constexpr uint64_t kMaxPixelBytes = 16;
  const uint64_t part_bytes = TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
  if (part_bytes / kMaxPixelBytes > static_cast<uint64_t>(options.max_pixels))
    throw DataError("too large: its parts take " + with_thousands(static_cast<int64_t>(part_bytes)) +
                    " bytes; raise --max-pixels if it is a photo");
}

}  // namespace

DecodedImage decode_tiff(const std::string& bytes, const DecodeOptions& options) {
  const ErrorKeeper errors;
  TiffSource reader{&bytes, 0};
  // "m": not memory-mapped; the bytes are in memory already.
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(
      TIFFClientOpen("photo", "rm", &reader, read_bytes, write_nothing, seek, close_nothing, size_of, nullptr, nullptr),
      TIFFClose);
  if (!tiff) throw DataError("damaged or truncated TIFF: it has no readable directory" + errors.why());
  uint32_t height = 0, width = 0;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  check_pixel_count(height, width, options);
  if (const std::string kind = unread_kind(tiff.get()); !kind.empty())
    throw DataError("TIFF of a kind that is not read (" + kind + "); save it as PNG, or as TIFF of 8 or 16 bits");
  check_parts(tiff.get(), options);
  // libtiff would obey the mirroring part of an orientation; all of it is done in one place instead.
  TIFFSetField(tiff.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  cv::Mat rgba(static_cast<int>(height), static_cast<int>(width), CV_8UC4);
  if (!TIFFReadRGBAImageOriented(tiff.get(), width, height, rgba.ptr<uint32_t>(), ORIENTATION_TOPLEFT,
                                 /*stop on error=*/1))
    throw DataError("damaged or truncated TIFF" + errors.why());
  return {over_white(rgba, /*premultiplied=*/true), orientation};
}

}  // namespace cvtool
