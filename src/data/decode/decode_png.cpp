// PNG through libpng: 1 to 16 bits, palette, grey, interlaced; alpha and transparent colours over white.
#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "data/decode/decoders.h"
#include "data/decode/exif.h"

namespace cvtool {
namespace {

constexpr bool kBigEndian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

// libpng reports errors by longjmp: nothing that owns memory may live in the functions that call it.
struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const std::string* bytes = nullptr;
  size_t position = 0;
  bool truncated = false;
  char message[256] = "";

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_error(png_structp png, png_const_charp message) {
  auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::strncpy(reader.message, message, sizeof reader.message - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader.bytes->size() - reader.position) {
    reader.truncated = true;
    png_error(png, "end of file");
  }
  std::memcpy(target, reader.bytes->data() + reader.position, count);
  reader.position += count;
}

bool read_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &reader, read_bytes);
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(reader.png, reader.info);
  return true;
}

// Everything becomes RGBA of 8 bits, or of 16 in the machine's order of bytes.
bool read_rows(PngReader& reader, png_bytepp rows, bool deep) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  if (!deep)
    png_set_scale_16(reader.png);
  else if (!kBigEndian)
    png_set_swap(reader.png);
  png_set_expand(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_add_alpha(reader.png, deep ? 0xffff : 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  png_read_image(reader.png, rows);
  return true;
}

[[noreturn]] void fail(const PngReader& reader) {
  if (reader.truncated) throw DataError("truncated PNG: the file ends before the picture does");
  throw DataError(std::string("damaged PNG: ") + reader.message);
}

int orientation_of(const PngReader& reader) {
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 size = 0;
  png_bytep block = nullptr;
  if (png_get_eXIf_1(reader.png, reader.info, &size, &block)) return exif_orientation(block, size);
#endif
  return 1;
}

}  // namespace

DecodedImage decode_png(const std::string& bytes, const DecodeOptions& options) {
  PngReader reader;
  reader.bytes = &bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  if (!reader.info) throw DataError("libpng has no memory");
  if (!read_header(reader)) fail(reader);
  const int64_t height = png_get_image_height(reader.png, reader.info);
  const int64_t width = png_get_image_width(reader.png, reader.info);
  check_pixel_count(height, width, options);
  const bool deep = options.deep && png_get_bit_depth(reader.png, reader.info) == 16;
  cv::Mat rgba(static_cast<int>(height), static_cast<int>(width), deep ? CV_16UC4 : CV_8UC4);
  std::vector<png_bytep> rows(static_cast<size_t>(height));
  for (int y = 0; y < rgba.rows; ++y) rows[static_cast<size_t>(y)] = rgba.ptr(y);
  if (!read_rows(reader, rows.data(), deep)) fail(reader);
  return {over_white(rgba, /*premultiplied=*/false), orientation_of(reader)};
}

}  // namespace cvtool
