#include "data/decode/exif.h"

#include <opencv2/core.hpp>

namespace cvtool {
namespace {

constexpr uint32_t kOrientationTag = 274;
constexpr uint32_t kShortType = 3;

// Reads unsigned numbers of the block's byte order; 0 beyond its end.
struct TiffBytes {
  const uint8_t* data;
  size_t size;
  bool little;

  uint32_t number(size_t at, size_t count) const {
    if (at > size || count > size - at) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | data[at + (little ? count - 1 - i : i)];
    return value;
  }
};

}  // namespace

int exif_orientation(const uint8_t* tiff, size_t size) {
  if (size < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
  const TiffBytes bytes{tiff, size, tiff[0] == 'I'};
  if (bytes.number(2, 2) != 42) return 1;
  const size_t directory = bytes.number(4, 4);
  const uint32_t entries = bytes.number(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * size_t{12};
    if (entry + 12 > size) break;
    if (bytes.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = bytes.number(entry + 8, bytes.number(entry + 2, 2) == kShortType ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

cv::Mat upright(const cv::Mat& image, int orientation) {
  cv::Mat out;
  switch (orientation) {
    case 2:
      cv::flip(image, out, 1);
      return out;
    case 3:
      cv::flip(image, out, -1);
      return out;
    case 4:
      cv::flip(image, out, 0);
      return out;
    case 5:
      cv::transpose(image, out);
      return out;
    case 6:
      cv::rotate(image, out, cv::ROTATE_90_CLOCKWISE);
      return out;
    case 7: {
      cv::Mat turned;
      cv::transpose(image, turned);
      cv::flip(turned, out, -1);
      return out;
    }
    case 8:
      cv::rotate(image, out, cv::ROTATE_90_COUNTERCLOCKWISE);
      return out;
    default:
      return image;
  }
}

}  // namespace cvtool
