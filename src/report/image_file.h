// Image files of pictures. All pictures are CV_8UC3 in RGB order.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

namespace cvtool {

constexpr int kPictureQuality = 92;  // of JPEG files that show drawings

// The bytes of a file; "" for an empty picture. JPEG: `quality` 0..100, colours at half the resolution. Throw Error
// for a picture that the format cannot hold.
std::string png_bytes(const cv::Mat& rgb);
std::string jpeg_bytes(const cv::Mat& rgb, int quality);

// What the path's extension says: .jpg and .jpeg (of that quality), .webp (without loss), .bmp; PNG for any other.
std::string image_bytes(const std::string& path, const cv::Mat& rgb, int jpeg_quality);

// Throws UsageError when the extension is none of the above or .png, Error when the folder is not there: before long
// work, so that it is not done in vain.
void check_image_path(const std::string& path);

// check_image_path, then writes the picture atomically, JPEG with quality 95. Throws Error when it cannot be written.
void write_image(const std::string& path, const cv::Mat& rgb);

}  // namespace cvtool
