// JPEG through libjpeg-turbo: baseline, progressive, grey, CMYK and YCCK.
#include <csetjmp>
#include <cstdio>
#include <cstring>

// These need what <cstdio> declares, so they come behind it.
#include <jpeglib.h>

#include <jerror.h>

#include "base/error.h"
#include "data/decode/decoders.h"
#include "data/decode/exif.h"

namespace cvtool {
namespace {

// Real progressive files have about ten scans; thousands of them in a small file are an attack on time.
constexpr int kMaxScans = 500;

// libjpeg reports errors by longjmp: nothing that owns memory may live in the functions that call it.
struct JpegReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = "";
  bool truncated = false;
  char warning[JMSG_LENGTH_MAX] = "";  // the first one

  ~JpegReader() { jpeg_destroy_decompress(&info); }
};

JpegReader& reader_of(j_common_ptr info) { return *static_cast<JpegReader*>(info->client_data); }

[[noreturn]] void on_error(j_common_ptr info) {
  JpegReader& reader = reader_of(info);
  info->err->format_message(info, reader.message);
  std::longjmp(reader.jump, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  JpegReader& reader = reader_of(info);
  if (info->err->msg_code == JWRN_JPEG_EOF) {
    reader.truncated = true;
    std::longjmp(reader.jump, 1);
  }
  if (reader.warning[0] == '\0') info->err->format_message(info, reader.warning);
}

void on_progress(j_common_ptr info) {
  JpegReader& reader = reader_of(info);
  if (reader.info.input_scan_number <= kMaxScans) return;
  std::snprintf(reader.message, sizeof reader.message, "more than %d scans", kMaxScans);
  std::longjmp(reader.jump, 1);
}

bool read_header(JpegReader& reader, const std::string& bytes) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.info.client_data = &reader;
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.info);
  reader.info.client_data = &reader;
  reader.progress.progress_monitor = on_progress;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&reader.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

bool start(JpegReader& reader, int reduction) {
  if (setjmp(reader.jump)) return false;
  const bool inks = reader.info.jpeg_color_space == JCS_CMYK || reader.info.jpeg_color_space == JCS_YCCK;
  reader.info.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  reader.info.scale_num = 1;
  reader.info.scale_denom = static_cast<unsigned>(reduction);
  jpeg_start_decompress(&reader.info);
  return true;
}

bool read_rows(JpegReader& reader, uint8_t* pixels, size_t row_bytes) {
  if (setjmp(reader.jump)) return false;
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW rows[4];
    for (size_t i = 0; i < 4; ++i) rows[i] = pixels + (reader.info.output_scanline + i) * row_bytes;
    const JDIMENSION left = reader.info.output_height - reader.info.output_scanline;
    jpeg_read_scanlines(&reader.info, rows, left < 4 ? left : 4);
  }
  return true;
}

[[noreturn]] void fail(const JpegReader& reader) {
  if (reader.truncated) throw DataError("truncated JPEG: the file ends before the picture does");
  throw DataError(std::string("damaged JPEG: ") + reader.message);
}

int orientation_of(const jpeg_decompress_struct& info) {
  for (auto* marker = info.marker_list; marker; marker = marker->next)
    if (marker->data_length > 14 && std::memcmp(marker->data, "Exif\0\0", 6) == 0)
      return exif_orientation(marker->data + 6, marker->data_length - 6);
  return 1;
}

// Adobe's programs store inks inverted (255 = none) and say so by their marker.
cv::Mat rgb_from_inks(const cv::Mat& inks, bool inverted) {
  cv::Mat rgb(inks.size(), CV_8UC3);
  for (int y = 0; y < inks.rows; ++y) {
    const auto* in = inks.ptr<uint8_t>(y);
    auto* out = rgb.ptr<uint8_t>(y);
    for (int x = 0; x < inks.cols; ++x, in += 4, out += 3)
      for (int c = 0; c < 3; ++c) {
        const int light = inverted ? in[c] * in[3] : (255 - in[c]) * (255 - in[3]);
        out[c] = static_cast<uint8_t>((light + 127) / 255);
      }
  }
  return rgb;
}

}  // namespace

DecodedImage decode_jpeg(const std::string& bytes, const DecodeOptions& options, const JpegReduction& reduction) {
  JpegReader reader;
  if (!read_header(reader, bytes)) fail(reader);
  DecodedImage decoded;
  decoded.orientation = orientation_of(reader.info);
  int64_t height = reader.info.image_height, width = reader.info.image_width;
  check_pixel_count(height, width, options);
  if (options.exif && decoded.orientation >= 5) std::swap(height, width);
  if (!start(reader, reduction ? reduction(height, width) : 1)) fail(reader);
  const auto& info = reader.info;
  decoded.pixels.create(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
                        CV_8UC(info.output_components));
  if (!read_rows(reader, decoded.pixels.data, decoded.pixels.step[0])) fail(reader);
  if (info.output_components == 4) decoded.pixels = rgb_from_inks(decoded.pixels, info.saw_Adobe_marker);
  decoded.damage = reader.warning;
  return decoded;
}

}  // namespace cvtool
