// BMP and PPM through OpenCV.
#include <cstring>
#include <iostream>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "base/error.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

// OpenCV prints what its decoders throw to std::cerr, whatever its log level; one thread at a time goes
// through here with std::cerr closed. Both formats are rare.
cv::Mat decode_silently(const std::string& bytes, int flags) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  std::streambuf* const screen = std::cerr.rdbuf(nullptr);
  cv::Mat image;
  try {
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
    image = cv::imdecode(buffer, flags);
  } catch (const cv::Exception&) {
    image.release();
  }
  std::cerr.rdbuf(screen);
  return image;
}

cv::Mat rgb_from_bgr(const cv::Mat& image) {
  cv::Mat out;
  if (image.channels() == 1) cv::cvtColor(image, out, cv::COLOR_GRAY2RGB);
  if (image.channels() == 3) cv::cvtColor(image, out, cv::COLOR_BGR2RGB);
  if (image.channels() < 4) return out;
  cv::cvtColor(image, out, cv::COLOR_BGRA2RGBA);
  return over_white(out, /*premultiplied=*/false);
}

uint32_t little_endian(const std::string& bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count && at + i < bytes.size(); ++i)
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  return value;
}

constexpr uint32_t kBmpPlain = 0, kBmpMasks = 3;

struct BmpHeader {
  int64_t width = 0, height = 0, bits = 0, begin = 0;  // begin: first byte of the pixels
  uint32_t compression = kBmpPlain;
  bool masked = false;  // the masks below are there
  uint32_t red = 0, green = 0, blue = 0;
  bool alpha = false;
};

BmpHeader bmp_header(const std::string& bytes) {
  const auto number = [&](size_t at) { return static_cast<int32_t>(little_endian(bytes, at, 4)); };
  const uint32_t header_bytes = little_endian(bytes, 14, 4);
  BmpHeader header;
  header.begin = number(10);
  if (header_bytes == 12) {  // OS/2 1.x
    header.width = little_endian(bytes, 18, 2);
    header.height = little_endian(bytes, 20, 2);
    header.bits = little_endian(bytes, 24, 2);
    return header;
  }
  header.width = number(18);
  header.height = std::abs(int64_t{number(22)});
  header.bits = little_endian(bytes, 28, 2);
  header.compression = little_endian(bytes, 30, 4);
  // Masks follow the first 40 bytes: from version 2 on inside the header, before that behind it.
  header.masked = header.compression == kBmpMasks;
  header.red = little_endian(bytes, 54, 4);
  header.green = little_endian(bytes, 58, 4);
  header.blue = little_endian(bytes, 62, 4);
  header.alpha = header.masked && header.bits == 32 && header_bytes >= 56 && number(66) != 0;
  return header;
}

// OpenCV reads other kinds wrongly or not at all.
void check_bmp_kind(const BmpHeader& header, const std::string& bytes) {
  const std::string advice = "; save it as PNG";
  const auto masks = [&](uint32_t red, uint32_t green, uint32_t blue) {
    return !header.masked || (header.red == red && header.green == green && header.blue == blue);
  };
  const int64_t bits = header.bits;
  bool known = bits == 1 || bits == 4 || bits == 8 || bits == 24;
  if (bits == 16) known = masks(0xf800, 0x07e0, 0x001f) || masks(0x7c00, 0x03e0, 0x001f);
  if (bits == 32) known = masks(0xff0000, 0x00ff00, 0x0000ff);
  if (header.compression > kBmpMasks) known = false;
  if (!known)
    throw DataError("BMP of a kind that is not read (" + std::to_string(bits) + " bits, compression " +
                    std::to_string(header.compression) + ")" + advice);
  if (header.begin <= 14 || header.begin > static_cast<int64_t>(bytes.size()))
    throw DataError("damaged BMP: its pixels lie outside the file");
}

struct PnmHeader {
  int64_t width = 0, height = 0, most = 1;
  size_t end = 0;  // first byte of the pixels
};

PnmHeader pnm_header(const std::string& bytes) {
  const bool bitmap = bytes[1] == '1' || bytes[1] == '4';
  std::vector<int64_t> numbers;
  size_t at = 2;
  while (numbers.size() < (bitmap ? 2U : 3U)) {
    while (at < bytes.size() && (std::isspace(static_cast<uint8_t>(bytes[at])) || bytes[at] == '#'))
      at = bytes[at] == '#' ? std::min(bytes.find('\n', at), bytes.size()) : at + 1;
    int64_t number = 0;
    const size_t begin = at;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && at < begin + 10; ++at)
      number = number * 10 + (bytes[at] - '0');
    if (at == begin) throw DataError("damaged or truncated PPM: its header has no size");
    numbers.push_back(number);
  }
  return {numbers[0], numbers[1], bitmap ? 1 : numbers[2], at + 1};
}

// OpenCV fills what is missing of a short binary file with whatever was there.
void check_pnm_length(const std::string& bytes, const PnmHeader& header) {
  const int64_t sample_bytes = header.most > 255 ? 2 : 1;
  int64_t row_bytes = 0;
  if (bytes[1] == '4') row_bytes = (header.width + 7) / 8;
  if (bytes[1] == '5') row_bytes = header.width * sample_bytes;
  if (bytes[1] == '6') row_bytes = header.width * 3 * sample_bytes;
  if (static_cast<int64_t>(bytes.size()) < static_cast<int64_t>(header.end) + row_bytes * header.height)
    throw DataError("truncated PPM: the file ends before the picture does");
}

}  // namespace

DecodedImage decode_bmp(const std::string& bytes, const DecodeOptions& options) {
  const BmpHeader header = bmp_header(bytes);
  check_pixel_count(header.height, header.width, options);
  check_bmp_kind(header, bytes);
  const int64_t pixel_bytes = (header.width * header.bits + 31) / 32 * 4 * header.height;
  const bool plain = header.compression == kBmpPlain || header.compression == kBmpMasks;
  if (plain && static_cast<int64_t>(bytes.size()) < header.begin + pixel_bytes)
    throw DataError("truncated BMP: the file ends before the picture does");
  // Palettes and short pixels are right only as colours; alpha comes only unchanged.
  const cv::Mat image = decode_silently(bytes, header.alpha ? cv::IMREAD_UNCHANGED : cv::IMREAD_COLOR);
  if (image.empty()) throw DataError("BMP that is damaged or of a kind that is not read; save it as PNG");
  return {rgb_from_bgr(image), 1};
}

DecodedImage decode_pnm(const std::string& bytes, const DecodeOptions& options) {
  const PnmHeader header = pnm_header(bytes);
  check_pixel_count(header.height, header.width, options);
  if (header.most < 1 || header.most > 65535) throw DataError("damaged PPM: its maximum is not in 1..65535");
  check_pnm_length(bytes, header);
  cv::Mat image = decode_silently(bytes, cv::IMREAD_UNCHANGED);
  if (image.empty()) throw DataError("damaged or truncated PPM");
  if (image.depth() == CV_16U) image.convertTo(image, CV_8U, 255.0 / static_cast<double>(header.most));
  return {rgb_from_bgr(image), 1};
}

}  // namespace cvtool
