#include "data/image.h"

#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "data/oracle.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

// Why bytes are no photo; "" when they are one.
std::string reason(const std::string& bytes, const DecodeOptions& options = {}) {
  try {
    decode_image(bytes, options);
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

// Noise: it does not compress, so half of the file is half of the picture.
cv::Mat noise(int height, int width) {
  cv::Mat image(height, width, CV_8UC3);
  cv::RNG random(1);
  random.fill(image, cv::RNG::UNIFORM, 0, 256);
  return image;
}

double mean_difference(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  const cv::Scalar sums = cv::mean(difference);
  return (sums[0] + sums[1] + sums[2]) / 3;
}

}  // namespace

TEST_CASE("Every kind of picture has the pixels that Pillow gives it") {
  for (const auto& row : oracle_table("decode.tsv")) {
    CAPTURE(row[0]);
    const cv::Mat image = read_image(oracle_pictures() / row[0], {});
    REQUIRE(image.type() == CV_8UC3);
    REQUIRE(image.rows == std::stoi(row[1]));
    REQUIRE(image.cols == std::stoi(row[2]));
    std::string raw = read_file(oracle_pictures() / (row[0] + ".raw"));
    const cv::Mat expected(image.rows, image.cols, CV_8UC3, raw.data());
    CHECK(cv::norm(image, expected, cv::NORM_INF) <= std::stod(row[3]));
  }
}

TEST_CASE("Without EXIF a turned photo stays as it is stored") {
  DecodeOptions options;
  options.exif = false;
  for (const char* kind : {"jpg", "png", "webp", "tif"}) {
    const cv::Mat stored = read_image(oracle_pictures() / (std::string("turned6.") + kind), options);
    CHECK(stored.rows == 40);
    CHECK(stored.cols == 24);
  }
}

TEST_CASE("Files that are no photos are refused with the reason") {
  CHECK(contains(reason(""), "empty"));
  CHECK(contains(reason("hello, this is a note\n"), "holds text"));
  CHECK(contains(reason(std::string("qoif\0\0\0\x10", 8)), "QOI"));
  CHECK(contains(reason(std::string("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x00", 10)), "no known kind"));
  CHECK(contains(reason("P6 3 x 255 abc"), "header"));
  for (const char* start : {"RIFF\x01", "RIFF...\x01", "BM\x01", "P6\x01", "II*\x01"})
    CHECK(contains(reason(start), "not an image"));
  TempFolder folder;
  CHECK_THROWS_WITH_AS(read_image(folder / "missing.jpg", {}), doctest::Contains("No such file"), DataError);
  CHECK_THROWS_WITH_AS(read_image(folder.path(), {}), doctest::Contains("not a file"), DataError);
}

TEST_CASE("A file cut off anywhere is an error and never a crash") {
  for (const char* name : {"baseline.jpg", "progressive.jpg", "rgba.png", "rgb.bmp", "rgb.ppm", "lossy.webp",
                           "anim.webp", "anim.gif", "raw.tif", "lzw.tif"}) {
    const std::string whole = read_file(oracle_pictures() / name);
    for (const double part : {0.1, 0.3, 0.5, 0.7, 0.9}) {
      CAPTURE(name);
      CAPTURE(part);
      const bool first_frame_is_there = std::string(name).substr(0, 4) == "anim" && part > 0.3;
      const std::string why = reason(whole.substr(0, static_cast<size_t>(part * static_cast<double>(whole.size()))));
      if (!first_frame_is_there) CHECK(why != "");
    }
  }
  const std::string jpeg = encoded(noise(80, 80), ".jpg");
  CHECK(contains(reason(jpeg.substr(0, jpeg.size() / 2)), "truncated JPEG"));
  const std::string png = encoded(noise(80, 80), ".png");
  CHECK(contains(reason(png.substr(0, png.size() / 2)), "truncated PNG"));
}

TEST_CASE("Damaged bytes give an error or a picture of the promised size") {
  cv::RNG random(5);
  for (const char* name : {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "rgba.png", "palette.png", "palette.bmp",
                           "rgb.ppm", "lossy.webp", "anim.webp", "anim.gif", "lzw.tif", "deflate.tif"}) {
    const std::string whole = read_file(oracle_pictures() / name);
    for (int trial = 0; trial < 40; ++trial) {
      std::string bytes = whole;
      for (int i = 0; i < 3; ++i)
        bytes[static_cast<size_t>(random.uniform(0, static_cast<int>(bytes.size())))] =
            static_cast<char>(random.uniform(0, 256));
      DecodeOptions small;
      small.max_pixels = 100'000;
      const std::string why = reason(bytes, small);
      CHECK((why.empty() || why.size() > 10));
    }
  }
}

TEST_CASE("A picture with more pixels than the limit is refused before memory is taken") {
  DecodeOptions options;
  options.max_pixels = 37 * 53 - 1;
  for (const char* name : {"baseline.jpg", "rgb.png", "rgb.bmp", "rgb.ppm", "lossy.webp", "still.gif", "raw.tif"}) {
    CAPTURE(name);
    const std::string bytes = read_file(oracle_pictures() / name);
    CHECK(contains(reason(bytes, options), "too large: 53 x 37 pixels"));
  }
  options.max_pixels = 37 * 53;
  CHECK(reason(read_file(oracle_pictures() / "rgb.png"), options).empty());
  // A header alone, that promises 3.6e18 pixels.
  std::string bomb = read_file(oracle_pictures() / "rgb.bmp");
  for (const size_t at : {18, 19, 20, 22, 23, 24}) bomb[at] = '\xff';
  bomb[21] = bomb[25] = '\x7f';
  CHECK(contains(reason(bomb), "too large"));
}

TEST_CASE("The eight orientations of two real photos become the same picture") {
  if (test_data().empty()) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  for (const std::string name : {"Landscape", "Portrait"}) {
    const std::string stem = test_data() + "/datasets/odd_images/exif_orientation/" + name + "_";
    const cv::Mat first = read_image(stem + "1.jpg", {});
    for (int orientation = 0; orientation <= 8; ++orientation) {
      CAPTURE(orientation);
      const cv::Mat other = read_image(stem + std::to_string(orientation) + ".jpg", {});
      REQUIRE(other.size() == first.size());
      CHECK(mean_difference(first, other) < 6);
    }
  }
}

TEST_CASE("Every odd file decodes or is refused with a reason") {
  if (test_data().empty()) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  int read = 0, refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test_data() + "/datasets/odd_images")) {
    if (!entry.is_regular_file()) continue;
    CAPTURE(entry.path().string());
    const std::string why = reason(read_photo_file(entry.path().string()));
    ++(why.empty() ? read : refused);
    CHECK((why.empty() || why.size() > 10));
  }
  CHECK(read > 90);
  CHECK(refused > 10);
}
