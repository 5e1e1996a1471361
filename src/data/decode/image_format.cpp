#include "data/decode/image_format.h"

#include <algorithm>

#include "base/text.h"

namespace cvtool {
namespace {

bool begins(const std::string& bytes, const char* magic, size_t length) {
  return bytes.compare(0, length, magic, length) == 0;
}

struct ForeignFormat {
  const char* magic;
  size_t length;
  const char* name;
};

// Pictures that cvtool does not read, so that the message can name them.
constexpr ForeignFormat kForeignFormats[] = {
    {"qoif", 4, "QOI"},        {"farbfeld", 8, "farbfeld"}, {"\x76\x2f\x31\x01", 4, "OpenEXR"},
    {"#?RADIANCE", 10, "HDR"}, {"\0\0\1\0", 4, "icon"},     {"8BPS", 4, "Photoshop"},
    {"%PDF", 4, "PDF"},        {"\xff\x0a", 2, "JPEG XL"},  {"DDS ", 4, "DDS"},
};

bool is_text(const std::string& bytes) {
  const size_t count = std::min<size_t>(bytes.size(), 512);
  return std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t' || byte == '\f';
  });
}

}  // namespace

ImageFormat image_format(const std::string& bytes) {
  if (begins(bytes, "\xff\xd8\xff", 3)) return ImageFormat::kJpeg;
  if (begins(bytes, "\x89PNG\r\n\x1a\n", 8)) return ImageFormat::kPng;
  if (begins(bytes, "GIF87a", 6) || begins(bytes, "GIF89a", 6)) return ImageFormat::kGif;
  if (begins(bytes, "RIFF", 4) && bytes.size() >= 12 && bytes.compare(8, 4, "WEBP") == 0) return ImageFormat::kWebp;
  if (begins(bytes, "II*\0", 4) || begins(bytes, "MM\0*", 4)) return ImageFormat::kTiff;
  if (begins(bytes, "II+\0", 4) || begins(bytes, "MM\0+", 4)) return ImageFormat::kTiff;
  if (begins(bytes, "BM", 2) && bytes.size() >= 26) return ImageFormat::kBmp;
  const bool pnm = bytes.size() >= 8 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6';
  if (pnm && std::string(" \t\r\n#").find(bytes[2]) != std::string::npos) return ImageFormat::kPnm;
  return ImageFormat::kUnknown;
}

const char* format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kPnm:
      return "PPM";
    case ImageFormat::kUnknown:
      break;
  }
  return "unknown";
}

ImageFormat format_of_extension(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return ImageFormat::kUnknown;
  const std::string extension = lower(path.substr(dot));
  if (extension == ".jpg" || extension == ".jpeg") return ImageFormat::kJpeg;
  if (extension == ".png") return ImageFormat::kPng;
  if (extension == ".bmp") return ImageFormat::kBmp;
  if (extension == ".gif") return ImageFormat::kGif;
  if (extension == ".webp") return ImageFormat::kWebp;
  if (extension == ".tif" || extension == ".tiff") return ImageFormat::kTiff;
  if (extension == ".ppm") return ImageFormat::kPnm;
  return ImageFormat::kUnknown;
}

std::string why_unknown(const std::string& bytes) {
  if (bytes.empty()) return "the file is empty";
  const std::string readable = "cvtool reads JPEG, PNG, BMP, GIF, WebP, TIFF and PPM";
  for (const auto& foreign : kForeignFormats)
    if (begins(bytes, foreign.magic, foreign.length))
      return std::string("a picture of a kind that is not read (") + foreign.name + "); " + readable;
  if (bytes.size() > 12 && bytes.compare(4, 4, "ftyp") == 0)
    return "a picture or film of a kind that is not read (HEIF, AVIF or MP4); " + readable;
  if (is_text(bytes)) return "not an image: the file holds text";
  return "not an image: its content is of no known kind; " + readable;
}

}  // namespace cvtool
