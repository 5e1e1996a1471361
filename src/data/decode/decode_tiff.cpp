// TIFF through libtiff: its first page, whatever the bits, colours and compression.
#include <tiffio.h>

#include <cstring>
#include <memory>

#include "base/error.h"
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

// libtiff prints to stderr unless told otherwise, for the whole process.
bool silence_libtiff() {
  TIFFSetErrorHandler(nullptr);
  TIFFSetWarningHandler(nullptr);
  return true;
}

}  // namespace

DecodedImage decode_tiff(const std::string& bytes, const DecodeOptions& options) {
  static const bool silent = silence_libtiff();
  (void)silent;
  TiffSource reader{&bytes, 0};
  // "m": not memory-mapped; the bytes are in memory already.
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(
      TIFFClientOpen("photo", "rm", &reader, read_bytes, write_nothing, seek, close_nothing, size_of, nullptr, nullptr),
      TIFFClose);
  if (!tiff) throw DataError("damaged or truncated TIFF: it has no readable directory");
  uint32_t height = 0, width = 0;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  check_pixel_count(height, width, options);
  char why[1024] = "";
  if (!TIFFRGBAImageOK(tiff.get(), why)) throw DataError(std::string("TIFF of an unreadable kind: ") + why);
  // libtiff would obey the mirroring part of an orientation; all of it is done in one place instead.
  TIFFSetField(tiff.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  cv::Mat rgba(static_cast<int>(height), static_cast<int>(width), CV_8UC4);
  if (!TIFFReadRGBAImageOriented(tiff.get(), width, height, rgba.ptr<uint32_t>(), ORIENTATION_TOPLEFT,
                                 /*stop on error=*/1))
    throw DataError("damaged or truncated TIFF");
  return {over_white(rgba, /*premultiplied=*/true), orientation};
}

}  // namespace cvtool
