#include "report/image_file.h"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

using namespace cvtool;

namespace {

cv::Mat soft_noise(int height, int width) {
  cv::Mat image(height, width, CV_8UC3);
  cv::RNG(7).fill(image, cv::RNG::UNIFORM, 0, 256);
  cv::GaussianBlur(image, image, {5, 5}, 0);
  return image;
}

std::string encoded_by_opencv(const cv::Mat& rgb, const std::string& extension, const std::vector<int>& settings = {}) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  cv::imencode(extension, bgr, bytes, settings);
  return {bytes.begin(), bytes.end()};
}

cv::Mat decoded_by_opencv(const std::string& bytes) {
  const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
  cv::Mat rgb;
  cv::cvtColor(cv::imdecode(buffer, cv::IMREAD_COLOR), rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

}  // namespace

TEST_CASE("PNG and JPEG files have the bytes that OpenCV gives them") {
  for (const cv::Size& size : {cv::Size(1, 1), cv::Size(53, 37), cv::Size(64, 128)}) {
    const int height = size.height, width = size.width;
    CAPTURE(width);
    const cv::Mat rgb = soft_noise(height, width);
    CHECK(png_bytes(rgb) == encoded_by_opencv(rgb, ".png"));
    for (const int quality : {10, 90, 100})
      CHECK(jpeg_bytes(rgb, quality) == encoded_by_opencv(rgb, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality}));
    // A part of a larger picture: its rows do not follow one another.
    const cv::Mat part = soft_noise(height, 2 * width).colRange(width / 2, width / 2 + width);
    CHECK(png_bytes(part) == encoded_by_opencv(part, ".png"));
  }
}

TEST_CASE("The extension says what a picture's file is") {
  const cv::Mat rgb = soft_noise(37, 53);
  for (const char* name : {"a.png", "a.webp", "a.BMP", "a", "a.odd"}) {
    CAPTURE(name);
    CHECK(cv::norm(decoded_by_opencv(image_bytes(name, rgb, 50)), rgb, cv::NORM_INF) == 0);
  }
  CHECK(image_bytes("a.bmp", rgb, 50) == encoded_by_opencv(rgb, ".bmp"));
  CHECK(image_bytes("a.webp", rgb, 50).substr(8, 4) == "WEBP");
  CHECK(image_bytes("a.odd", rgb, 50) == png_bytes(rgb));
  CHECK(image_bytes("a.JPEG", rgb, 50) == jpeg_bytes(rgb, 50));
  const Scratch scratch;
  write_image(scratch / "a.jpg", rgb);
  CHECK(read_file(scratch / "a.jpg") == jpeg_bytes(rgb, 95));
}

TEST_CASE("A picture that a format cannot hold is an error; an empty one has no bytes") {
  CHECK(png_bytes({}).empty());
  CHECK(jpeg_bytes({}, 90).empty());
  const cv::Mat wide(1, 70000, CV_8UC3, cv::Scalar::all(9));
  CHECK_THROWS_WITH_AS(jpeg_bytes(wide, 90), "a picture of 70000 x 1 pixels cannot be written as JPEG; try .png",
                       Error);
  CHECK_THROWS_AS(image_bytes("a.webp", wide, 90), Error);
  CHECK(cv::norm(decoded_by_opencv(png_bytes(wide)), wide, cv::NORM_INF) == 0);
}
