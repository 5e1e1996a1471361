#include "data/image.h"

#include <limits>
#include <type_traits>

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

// Pillow's whole-number weights, which add up to 2^16.
template <class Value>
cv::Mat grey_from_rgb(const cv::Mat& rgb) {
  cv::Mat grey(rgb.size(), CV_MAKETYPE(rgb.depth(), 1));
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* in = rgb.ptr<Value>(y);
    auto* out = grey.ptr<Value>(y);
    for (int x = 0; x < rgb.cols; ++x, in += 3)
      out[x] = static_cast<Value>((19595U * in[0] + 38470U * in[1] + 7471U * in[2] + (1U << 15)) >> 16);
  }
  return grey;
}

cv::Mat in_format(cv::Mat rgb, const PixelFormat& pixels) {
  if (pixels.depth == 16 && rgb.depth() == CV_8U) rgb.convertTo(rgb, CV_16U, 257);
  if (pixels.channels == 3) return rgb;
  return rgb.depth() == CV_16U ? grey_from_rgb<uint16_t>(rgb) : grey_from_rgb<uint8_t>(rgb);
}

DecodeOptions with_depth(DecodeOptions options, const PixelFormat& pixels) {
  options.deep = pixels.depth == 16;
  return options;
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

namespace {

template <class Value>
cv::Mat values_over_white(const cv::Mat& rgba, bool premultiplied) {
  using Number = std::conditional_t<sizeof(Value) == 1, int, int64_t>;
  constexpr Number kWhite = std::numeric_limits<Value>::max();
  cv::Mat rgb(rgba.size(), CV_MAKETYPE(rgba.depth(), 3));
  for (int y = 0; y < rgba.rows; ++y) {
    const auto* in = rgba.ptr<Value>(y);
    auto* out = rgb.ptr<Value>(y);
    for (int x = 0; x < rgba.cols; ++x, in += 4, out += 3)
      for (int c = 0; c < 3; ++c) {
        const Number light = in[c] * (premultiplied ? kWhite : Number{in[3]});
        out[c] = static_cast<Value>(std::min(kWhite, (light + kWhite * (kWhite - in[3]) + kWhite / 2) / kWhite));
      }
  }
  return rgb;
}

}  // namespace

cv::Mat over_white(const cv::Mat& rgba, bool premultiplied) {
  return rgba.depth() == CV_16U ? values_over_white<uint16_t>(rgba, premultiplied)
                                : values_over_white<uint8_t>(rgba, premultiplied);
}

std::string read_photo_file(const std::string& path) {
  if (place_of(path).bytes > kMaxFileBytes) throw DataError("too large: more than 1 GiB");
  return read_photo_part(path, 0, static_cast<uint64_t>(kMaxFileBytes));
}

DecodeOptions decode_options(const DataConfig& data, const ReadOptions& read) { return {data.exif, read.max_pixels}; }

cv::Mat decode_image(const std::string& bytes, const DecodeOptions& options, std::string* damage) {
  return decode_upright(bytes, options, {}, damage);
}

cv::Mat decode_for_net(const std::string& bytes, const DecodeOptions& options, const PixelFormat& pixels,
                       std::string* damage) {
  return in_format(decode_upright(bytes, with_depth(options, pixels), {}, damage), pixels);
}

cv::Mat read_image(const std::string& path, const DecodeOptions& options) {
  return decode_image(read_photo_file(path), options);
}

cv::Mat decode_resized(const std::string& bytes, const DecodeOptions& options, const DataConfig& config,
                       std::string* damage) {
  const auto reduction = [&](int64_t height, int64_t width) { return jpeg_reduction({height, width}, config); };
  return resize_image(in_format(decode_upright(bytes, with_depth(options, config), reduction, damage), config), config);
}

}  // namespace cvtool
