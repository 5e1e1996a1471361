// One photo: bytes of a file -> RGB pixels -> RGB pixels of the net's size. The only way from file to pixels;
// train, eval and predict all take it.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>

#include "data/data_config.h"

namespace cvtool {

struct DecodeOptions {
  bool exif = true;                    // turn the photo as its EXIF orientation says
  int64_t max_pixels = 178'000'000;    // larger pictures are refused before memory is taken
};

// Decodes JPEG, PNG, BMP, GIF, WebP, TIFF or PPM, recognised by content. Returns CV_8UC3 in RGB order; 16 bits
// are reduced to 8, grey and palette are expanded, alpha is composed over white, the first frame of an animation
// is taken. Throws DataError with the reason (not the path).
cv::Mat decode_image(const std::string& bytes, const DecodeOptions& options);

// Reads and decodes a file. Throws DataError with the reason (not the path).
cv::Mat read_image(const std::string& path, const DecodeOptions& options);

// CV_8UC3 of any size -> CV_8UC3 of config.imgsz by config.resize and config.interpolation. Half-pixel centres;
// nearest takes floor((x + 0.5) * scale), bilinear is computed in float and rounded once to bytes (Keras's rules).
cv::Mat resize_image(const cv::Mat& image, const DataConfig& config);

}  // namespace cvtool
