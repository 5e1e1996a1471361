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

struct Extension {
  const char* text;
  ImageFormat format;
};

constexpr Extension kExtensions[] = {
    {".jpg", ImageFormat::kJpeg},  {".jpeg", ImageFormat::kJpeg}, {".png", ImageFormat::kPng},
    {".bmp", ImageFormat::kBmp},   {".gif", ImageFormat::kGif},   {".webp", ImageFormat::kWebp},
    {".tif", ImageFormat::kTiff},  {".tiff", ImageFormat::kTiff}, {".ppm", ImageFormat::kPnm},
    {".pgm", ImageFormat::kPnm},   {".pbm", ImageFormat::kPnm},   {".pnm", ImageFormat::kPnm},
    {".heic", ImageFormat::kHeic}, {".heif", ImageFormat::kHeic}, {".hif", ImageFormat::kHeic},
    {".avif", ImageFormat::kAvif}, {".jfif", ImageFormat::kJpeg}, {".jpe", ImageFormat::kJpeg},
    {".dib", ImageFormat::kBmp},   {".apng", ImageFormat::kPng},
};

// ISO 14496-12: a box 'ftyp' of brands begins the file; the first one may be general ("mif1"), the others tell more.
ImageFormat format_of_brands(const std::string& bytes) {
  if (bytes.size() < 16 || bytes.compare(4, 4, "ftyp") != 0) return ImageFormat::kUnknown;
  size_t end = 0;
  for (size_t i = 0; i < 4; ++i) end = end << 8 | static_cast<unsigned char>(bytes[i]);
  end = std::min({end, bytes.size(), kSniffedBytes});
  ImageFormat found = ImageFormat::kUnknown;
  for (size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) {
    const std::string brand = bytes.substr(at, 4);
    if (brand == "avif" || brand == "avis") return ImageFormat::kAvif;
    for (const char* heic : {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1"})
      if (brand == heic) found = ImageFormat::kHeic;
  }
  return found;
}

// Numbers and blanks, as behind the magic of a PNM file.
bool begins_like_pnm(const std::string& bytes) {
  const size_t end = std::min(bytes.find('#'), std::min(bytes.size(), kSniffedBytes));
  const bool whole = bytes[1] >= '4';  // its pixels are bytes
  const size_t needed = bytes[1] == '4' ? 2 : 3;
  size_t numbers = 0;
  for (size_t at = 2; at < end; ++at) {
    const bool digit = bytes[at] >= '0' && bytes[at] <= '9';
    if (!digit && std::string(" \t\r\n").find(bytes[at]) == std::string::npos) return whole && numbers >= needed;
    numbers += digit && !(bytes[at - 1] >= '0' && bytes[at - 1] <= '9');
    if (whole && numbers > needed) return true;
  }
  return numbers >= 2 || end < bytes.size();
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
  return format_of_brands(bytes);
}

bool begins_like_image(const std::string& bytes) {
  const ImageFormat format = image_format(bytes);
  if (format == ImageFormat::kPnm) return begins_like_pnm(bytes);
  // The size of a BMP's header, 12 to 124 in 4 bytes.
  if (format == ImageFormat::kBmp)
    return bytes[14] >= 12 && bytes[14] <= 124 && bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0;
  return format != ImageFormat::kUnknown;
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
    case ImageFormat::kHeic:
      return "HEIC";
    case ImageFormat::kAvif:
      return "AVIF";
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
  for (const Extension& known : kExtensions)
    if (extension == known.text) return known.format;
  return ImageFormat::kUnknown;
}

std::vector<std::string> image_extensions() {
  std::vector<std::string> out;
  for (const Extension& known : kExtensions) out.emplace_back(known.text);
  return out;
}

std::string readable_formats() { return "JPEG, PNG, BMP, GIF, WebP, TIFF, PPM, HEIC and AVIF"; }

std::string why_unknown(const std::string& bytes) {
  if (bytes.empty()) return "the file is empty";
  const std::string readable = "cvtool reads " + readable_formats();
  for (const auto& foreign : kForeignFormats)
    if (begins(bytes, foreign.magic, foreign.length))
      return std::string("a picture of a kind that is not read (") + foreign.name + "); " + readable;
  if (bytes.size() > 12 && bytes.compare(4, 4, "ftyp") == 0)
    return "a film or a picture of a kind that is not read (MP4 and the like); " + readable;
  if (is_text(bytes)) return "not an image: the file holds text";
  return "not an image: its content is of no known kind; " + readable;
}

}  // namespace cvtool
