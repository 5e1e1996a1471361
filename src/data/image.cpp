#include "data/image.h"

#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/decode/decoders.h"
#include "data/decode/exif.h"
#include "data/decode/image_format.h"
#include "spec/requests.h"

namespace cvtool {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

DecodedImage decode(const std::string& bytes, const DecodeOptions& options, const JpegReduction& reduction) {
  switch (image_format(bytes)) {
    case ImageFormat::kJpeg:
      return decode_jpeg(bytes, options, reduction);
    case ImageFormat::kPng:
      return decode_png(bytes, options);
    case ImageFormat::kBmp:
      return decode_bmp(bytes, options);
    case ImageFormat::kGif:
      return decode_gif(bytes, options);
    case ImageFormat::kWebp:
      return decode_webp(bytes, options);
    case ImageFormat::kTiff:
      return decode_tiff(bytes, options);
    case ImageFormat::kPnm:
      return decode_pnm(bytes, options);
    case ImageFormat::kHeic:
    case ImageFormat::kAvif:
      return decode_heif(bytes, options);
    case ImageFormat::kUnknown:
      break;
  }
  throw DataError(why_unknown(bytes));
}

cv::Mat decode_upright(const std::string& bytes, const DecodeOptions& options, const JpegReduction& reduction,
                       std::string* damage) {
  DecodedImage decoded = decode(bytes, options, reduction);
  if (damage) *damage = std::move(decoded.damage);
  return options.exif ? upright(decoded.pixels, decoded.orientation) : decoded.pixels;
}

}  // namespace

void check_pixel_count(int64_t height, int64_t width, const DecodeOptions& options) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (height < 1 || width < 1 || std::max(height, width) > std::numeric_limits<int>::max())
    throw DataError("damaged image: it says that it has " + size);
  if (height > options.max_pixels / width)
    throw DataError("too large: " + size + ", more than the limit of " + with_thousands(options.max_pixels) +
                    "; raise --max-pixels if it is a photo");
}

cv::Mat over_white(const cv::Mat& rgba, bool premultiplied) {
  cv::Mat rgb(rgba.size(), CV_8UC3);
  for (int y = 0; y < rgba.rows; ++y) {
    const auto* in = rgba.ptr<uint8_t>(y);
    auto* out = rgb.ptr<uint8_t>(y);
    for (int x = 0; x < rgba.cols; ++x, in += 4, out += 3)
      for (int c = 0; c < 3; ++c) {
        const int light = premultiplied ? in[c] * 255 : in[c] * in[3];
        out[c] = static_cast<uint8_t>(std::min(255, (light + 255 * (255 - in[3]) + 127) / 255));
      }
  }
  return rgb;
}

std::string read_photo_file(const std::string& path) {
  if (place_of(path).bytes > kMaxFileBytes) throw DataError("too large: more than 1 GiB");
  return read_photo_part(path, 0, static_cast<uint64_t>(kMaxFileBytes));
}

DecodeOptions decode_options(const DataConfig& data, const ReadOptions& read) { return {data.exif, read.max_pixels}; }

cv::Mat decode_image(const std::string& bytes, const DecodeOptions& options, std::string* damage) {
  return decode_upright(bytes, options, {}, damage);
}

cv::Mat read_image(const std::string& path, const DecodeOptions& options) {
  return decode_image(read_photo_file(path), options);
}

cv::Mat decode_resized(const std::string& bytes, const DecodeOptions& options, const DataConfig& config,
                       std::string* damage) {
  const auto reduction = [&](int64_t height, int64_t width) { return jpeg_reduction({height, width}, config); };
  return resize_image(decode_upright(bytes, options, reduction, damage), config);
}

}  // namespace cvtool
