// One photo: bytes of a file -> RGB pixels -> RGB pixels of the net's size. The only way from file to pixels;
// train, eval and predict all take it.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>

#include "spec/data_config.h"

namespace cvtool {

struct ReadOptions;

struct DecodeOptions {
  bool exif = true;                  // turn the photo as its EXIF orientation says
  int64_t max_pixels = 178'000'000;  // larger pictures are refused before memory is taken
  bool deep = false;                 // for decode_for_net: 16 bits stay 16
};

DecodeOptions decode_options(const DataConfig& data, const ReadOptions& read);

// Decodes JPEG, PNG, BMP, GIF, WebP, TIFF, PPM, HEIC or AVIF, recognised by content. Returns CV_8UC3 in RGB order; 16
// bits are reduced to 8, grey and palette are expanded, alpha is composed over white, the first frame of an
// animation is taken. Throws DataError with the reason (not the path).
//
// `damage`, when given, gets what could not be decoded of a picture whose rest could; "" where all is well.
cv::Mat decode_image(const std::string& bytes, const DecodeOptions& options, std::string* damage = nullptr);

// The same as a net takes it, in `pixels`: CV_8UC3, or CV_8UC1 of grey, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in
// whole numbers and rounded as Pillow does, so that a grey photo keeps its values. With a depth of 16 CV_16UC3 or
// CV_16UC1: PNG, TIFF and PPM of 16 bits as they are, all else times 257.
cv::Mat decode_for_net(const std::string& bytes, const DecodeOptions& options, const PixelFormat& pixels,
                       std::string* damage = nullptr);

// Reads and decodes a file. Throws DataError with the reason (not the path).
cv::Mat read_image(const std::string& path, const DecodeOptions& options);

// The bytes of a file, or of one in an archive (archive/photo_place.h), at most 1 GiB. Throws DataError with the reason
// (not the path).
std::string read_photo_file(const std::string& path);

// resize_image(decode_for_net(bytes)), the way of every photo into a net. JPEG is decoded at reduced scale
// where the target is much smaller and the interpolation averages (area, bilinear_antialias,
// bicubic_antialias); nearest, bilinear, bicubic and lanczos are exact.
cv::Mat decode_resized(const std::string& bytes, const DecodeOptions& options, const DataConfig& config,
                       std::string* damage = nullptr);

// CV_8U or CV_16U, of 1 or 3 channels and any size -> the same of config.imgsz by config.resize and
// config.interpolation. Half-pixel centres; nearest takes floor((x + 0.5) * scale), bilinear is computed in float and
// rounded once to whole numbers (Keras's rules). bicubic is Keys's kernel with a = -0.5 and lanczos has radius 3,
// weights that fall outside dropped and the rest normalised (Keras's rules); area is the mean over the covered box;
// *_antialias widen the triangle or the cubic kernel by the scale (Pillow's and torchvision's antialias). crop takes
// the largest centred box of the target's aspect; pad adds black (0) around the photo. Throws UsageError on an unknown
// word.
cv::Mat resize_image(const cv::Mat& image, const DataConfig& config);

// By how much (1, 2, 4 or 8) a JPEG of this size may be reduced in decoding for resize_image(config).
int jpeg_reduction(const ImageSize& size, const DataConfig& config);

}  // namespace cvtool
