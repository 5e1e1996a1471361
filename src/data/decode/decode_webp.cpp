// WebP through libwebp; the first frame of an animation through libwebpdemux.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "base/error.h"
#include "data/decode/decoders.h"
#include "data/decode/exif.h"

namespace cvtool {
namespace {

[[noreturn]] void fail(VP8StatusCode status) {
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) throw DataError("truncated WebP: the file ends before the picture does");
  throw DataError("damaged WebP");
}

cv::Mat first_frame(const WebPData& data, int height, int width) {
  WebPAnimDecoderOptions settings;
  if (!WebPAnimDecoderOptionsInit(&settings)) throw DataError("this libwebp is of another version");
  settings.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(WebPAnimDecoderNew(&data, &settings),
                                                                             WebPAnimDecoderDelete);
  uint8_t* pixels = nullptr;
  int milliseconds = 0;
  if (!decoder || !WebPAnimDecoderGetNext(decoder.get(), &pixels, &milliseconds))
    throw DataError("damaged or truncated WebP animation");
  return over_white(cv::Mat(height, width, CV_8UC4, pixels), /*premultiplied=*/false);
}

cv::Mat still(const WebPData& data, int height, int width) {
  cv::Mat rgba(height, width, CV_8UC4);
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw DataError("this libwebp is of another version");
  config.output.colorspace = MODE_RGBA;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {rgba.data, static_cast<int>(rgba.step[0]), rgba.total() * 4};
  const VP8StatusCode status = WebPDecode(data.bytes, data.size, &config);
  if (status != VP8_STATUS_OK) fail(status);
  return over_white(rgba, /*premultiplied=*/false);
}

int orientation_of(const WebPData& data) {
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> demuxer(WebPDemux(&data), WebPDemuxDelete);
  if (!demuxer) return 1;
  WebPChunkIterator chunk;
  if (!WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk)) return 1;
  size_t skip = 0;  // some programs keep JPEG's prefix
  if (chunk.chunk.size > 6 && chunk.chunk.bytes[0] == 'E') skip = 6;
  const int orientation = exif_orientation(chunk.chunk.bytes + skip, chunk.chunk.size - skip);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

DecodedImage decode_webp(const std::string& bytes, const DecodeOptions& options) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(data.bytes, data.size, &features);
  if (status != VP8_STATUS_OK) fail(status);
  check_pixel_count(features.height, features.width, options);
  DecodedImage decoded;
  decoded.pixels = features.has_animation ? first_frame(data, features.height, features.width)
                                          : still(data, features.height, features.width);
  decoded.orientation = orientation_of(data);
  return decoded;
}

}  // namespace cvtool
