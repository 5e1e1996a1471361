#include "report/image_file.h"

#include <png.h>
#include <webp/encode.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>

// Needs what <cstdio> declares, so it comes behind it.
#include <jpeglib.h>
#include <zlib.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace cvtool {
namespace {

[[noreturn]] void fail_encoding(const cv::Mat& rgb, const std::string& format) {
  throw Error("a picture of " + std::to_string(rgb.cols) + " x " + std::to_string(rgb.rows) +
              " pixels cannot be written as " + format + "; try .png");
}

// libpng and libjpeg report errors by longjmp: nothing that owns memory may live in the functions that call them.
struct PngWriter {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string bytes;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void on_png_error(png_structp png, png_const_charp) { png_longjmp(png, 1); }
void on_png_warning(png_structp, png_const_charp) {}

void append_png(png_structp png, png_bytep data, size_t count) {
  static_cast<PngWriter*>(png_get_io_ptr(png))->bytes.append(reinterpret_cast<const char*>(data), count);
}

bool write_png(PngWriter& writer, const cv::Mat& rgb) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_write_fn(writer.png, &writer, append_png, nullptr);
  // Fast, and small enough: these decide a file's bytes, by which `data unpack` knows what it has written.
  png_set_filter(writer.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(writer.png, Z_BEST_SPEED);
  png_set_compression_strategy(writer.png, Z_RLE);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(rgb.cols), static_cast<png_uint_32>(rgb.rows), 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  for (int y = 0; y < rgb.rows; ++y) png_write_row(writer.png, rgb.ptr(y));
  png_write_end(writer.png, writer.info);
  return true;
}

struct JpegWriter {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

[[noreturn]] void on_jpeg_error(j_common_ptr info) {
  std::longjmp(static_cast<JpegWriter*>(info->client_data)->jump, 1);
}

bool write_jpeg(JpegWriter& writer, const cv::Mat& rgb, int quality) {
  jpeg_compress_struct& info = writer.info;
  info.err = jpeg_std_error(&writer.errors);
  writer.errors.error_exit = on_jpeg_error;
  info.client_data = &writer;
  if (setjmp(writer.jump)) {
    writer.bytes = nullptr;  // it may be replaced by now, and by what only libjpeg knows
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &writer.bytes, &writer.size);
  info.image_width = static_cast<JDIMENSION>(rgb.cols);
  info.image_height = static_cast<JDIMENSION>(rgb.rows);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < rgb.rows; ++y) {
    auto* row = const_cast<unsigned char*>(rgb.ptr(y));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

std::string webp_bytes(const cv::Mat& rgb) {
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeLosslessRGB(rgb.data, rgb.cols, rgb.rows, static_cast<int>(rgb.step[0]), &bytes);
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(bytes, WebPFree);
  if (size == 0) fail_encoding(rgb, "WebP");
  return {reinterpret_cast<const char*>(bytes), size};
}

// 24 bits a pixel, rows upside down and filled up to 4 bytes.
std::string bmp_bytes(const cv::Mat& rgb) {
  const auto row_bytes = (static_cast<size_t>(rgb.cols) * 3 + 3) / 4 * 4, pixels = row_bytes * size_t(rgb.rows);
  if (pixels > 0xf0000000) fail_encoding(rgb, "BMP");
  std::string bytes = "BM";
  const auto add = [&](size_t value, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  };
  add(54 + pixels, 4), add(0, 4), add(54, 4);
  add(40, 4), add(size_t(rgb.cols), 4), add(size_t(rgb.rows), 4), add(1, 2), add(24, 2);
  bytes.resize(54 + pixels, '\0');
  for (int y = 0; y < rgb.rows; ++y) {
    char* out = &bytes[54 + row_bytes * size_t(rgb.rows - 1 - y)];
    for (int x = 0; x < rgb.cols; ++x)
      for (int c = 2; c >= 0; --c) *out++ = static_cast<char>(rgb.ptr(y)[3 * x + c]);
  }
  return bytes;
}

std::string extension_of(const std::string& path) { return lower(std::filesystem::path(path).extension().string()); }

}  // namespace

std::string png_bytes(const cv::Mat& rgb) {
  if (rgb.empty()) return "";
  PngWriter writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_png_error, on_png_warning);
  writer.info = writer.png ? png_create_info_struct(writer.png) : nullptr;
  if (!writer.info || !write_png(writer, rgb)) fail_encoding(rgb, "PNG");
  return std::move(writer.bytes);
}

std::string jpeg_bytes(const cv::Mat& rgb, int quality) {
  if (rgb.empty()) return "";
  JpegWriter writer;
  if (!write_jpeg(writer, rgb, quality)) fail_encoding(rgb, "JPEG");
  return {reinterpret_cast<const char*>(writer.bytes), writer.size};
}

std::string image_bytes(const std::string& path, const cv::Mat& rgb, int jpeg_quality) {
  const std::string extension = extension_of(path);
  if (extension == ".jpg" || extension == ".jpeg") return jpeg_bytes(rgb, jpeg_quality);
  if (extension == ".webp") return webp_bytes(rgb);
  return extension == ".bmp" ? bmp_bytes(rgb) : png_bytes(rgb);
}

void check_image_path(const std::string& path) {
  const std::vector<std::string> known{".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  const std::string extension = extension_of(path);
  if (std::find(known.begin(), known.end(), extension) == known.end())
    throw UsageError(path + ": " + unknown_word("kind of picture", extension, known));
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error))
    throw Error("cannot write " + path + ": there is no folder " + folder.string() + "; make it first");
}

void write_image(const std::string& path, const cv::Mat& rgb) {
  check_image_path(path);
  write_file_atomically(path, image_bytes(path, rgb, 95));
}

}  // namespace cvtool
