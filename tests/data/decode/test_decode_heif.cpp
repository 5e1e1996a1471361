// HEIC and AVIF: the files of tests/data/heif, made by its make.py; heif-convert and ffmpeg give the same pixels.
#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "data/image.h"

using namespace cvtool;

namespace {

std::string heif_file(const std::string& name) {
  return read_file(std::string(CVTOOL_TESTS_FOLDER) + "/data/heif/" + name);
}

// The largest difference from the gradients that the file was made of.
int heif_error(const cv::Mat& image, const cv::Vec3i& slopes, bool alpha = false) {
  int worst = 0;
  for (int y = 0; y < image.rows; ++y)
    for (int x = 0; x < image.cols; ++x) {
      const cv::Vec3i colour(slopes[0] * x, slopes[1] * y, slopes[2] * (x + y));
      for (int c = 0; c < 3; ++c) {
        int value = std::min(255, colour[c]);
        if (alpha && x >= 32) value = (value * 64 + 255 * 191) / 255;  // over white
        // Where opacity changes, coding blurs it.
        if (!alpha || std::abs(x - 32) > 3) worst = std::max(worst, std::abs(image.at<cv::Vec3b>(y, x)[c] - value));
      }
    }
  return worst;
}

}  // namespace

TEST_CASE("HEIC and AVIF of 8 to 12 bits are read, the primary picture of several") {
  for (const char* name : {"plain.heic", "plain.avif", "ten_bits.heic", "twelve_bits.avif", "two.heic", "exif6.heic"}) {
    CAPTURE(name);
    const cv::Mat image = decode_image(heif_file(name), {});
    CHECK(image.size() == cv::Size(64, 48));
    CHECK(heif_error(image, {4, 5, 2}) <= 7);
  }
}

TEST_CASE("HEIC's own turning is obeyed once, whatever is asked of EXIF; a grid is one picture") {
  for (const char* name : {"turned6.heic", "turned6.avif", "mirrored.heic", "grid.heic"})
    for (const bool exif : {true, false}) {
      CAPTURE(name);
      DecodeOptions options;
      options.exif = exif;
      const cv::Mat image = decode_image(heif_file(name), options);
      CHECK(image.size() == cv::Size(128, 64));
      CHECK(heif_error(image, {2, 4, 1}) <= 6);
    }
}

TEST_CASE("Alpha of HEIC and AVIF is composed over white") {
  for (const char* name : {"alpha.heic", "alpha.avif"}) {
    CAPTURE(name);
    CHECK(heif_error(decode_image(heif_file(name), {}), {4, 5, 2}, /*alpha=*/true) <= 8);
  }
}

TEST_CASE("HEIC and AVIF that are cut, damaged or too large are named so") {
  for (const char* name : {"plain.heic", "plain.avif", "grid.heic"}) {
    CAPTURE(name);
    const std::string whole = heif_file(name);
    for (size_t size = 40; size < whole.size() - 1; size += 17) {
      CAPTURE(size);
      CHECK_THROWS_AS(decode_image(whole.substr(0, size), {}), DataError);
    }
    DecodeOptions options;
    options.max_pixels = 64 * 48 - 1;
    CHECK_THROWS_WITH_AS(decode_image(whole, options), doctest::Contains("--max-pixels"), DataError);
  }
  CHECK_THROWS_WITH_AS(decode_image(heif_file("plain.heic").substr(0, 200), {}), doctest::Contains("HEIC"), DataError);
}

TEST_CASE("Pictures that are made of one another are refused, before anything follows them") {
  // The grid's tiles, 1 and 2, behind "dimg", its own number 3 and the number of tiles.
  const std::string whole = heif_file("grid.heic");
  const size_t at = whole.find("dimg") + 4;
  REQUIRE(at > 4);
  std::string itself = whole;
  itself[at + 5] = 3;
  CHECK_THROWS_WITH_AS(decode_image(itself, {}), doctest::Contains("made of one another"), DataError);
  CHECK_NOTHROW(decode_image(whole, {}));
}
