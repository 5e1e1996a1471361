// One function per file format: bytes -> RGB pixels as they are stored, and the orientation noted beside them.
// Internal to data/; everybody else calls decode_image.
#pragma once

#include <cstdint>
#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>

#include "data/image.h"

namespace cvtool {

struct DecodedImage {
  cv::Mat pixels;        // CV_8UC3, RGB; where the options are deep and the file has 16 bits, CV_16UC3
  int orientation = 1;   // EXIF, 1..8
  std::string damage{};  // what could not be decoded, where the rest could; "" where all is well
};

// How much a JPEG may be reduced while it is decoded: given height and width (upright), returns 1, 2, 4 or 8.
using JpegReduction = std::function<int(int64_t height, int64_t width)>;

// All throw DataError with the reason, before memory for the pixels is taken when there are too many.
DecodedImage decode_jpeg(const std::string& bytes, const DecodeOptions& options, const JpegReduction& reduction);
DecodedImage decode_png(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_gif(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_webp(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_tiff(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_bmp(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_heif(const std::string& bytes, const DecodeOptions& options);
DecodedImage decode_pnm(const std::string& bytes, const DecodeOptions& options);

// Throws DataError unless 1 <= width * height <= options.max_pixels, both sides within int.
void check_pixel_count(int64_t height, int64_t width, const DecodeOptions& options);

// RGBA, CV_8UC4 or CV_16UC4 -> RGB of the same depth over white; `premultiplied`: the colours are already multiplied by
// alpha.
cv::Mat over_white(const cv::Mat& rgba, bool premultiplied);

}  // namespace cvtool
