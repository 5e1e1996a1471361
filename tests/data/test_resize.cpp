#include <doctest/doctest.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "data/image.h"
#include "data/oracle.h"

using namespace cvtool;

namespace {

// One row or column of grey values, resized; the red channel.
std::vector<int> resized_row(const std::vector<int>& values, int64_t width, const DataConfig& given,
                             bool column = false) {
  cv::Mat image(1, static_cast<int>(values.size()), CV_8UC3);
  for (int x = 0; x < image.cols; ++x)
    image.at<cv::Vec3b>(0, x) = cv::Vec3b::all(static_cast<uint8_t>(values[static_cast<size_t>(x)]));
  DataConfig config = given;
  config.imgsz = column ? ImageSize{width, 1} : ImageSize{1, width};
  if (column) image = image.reshape(3, image.cols);
  const cv::Mat out = resize_image(image, config);
  std::vector<int> result;
  for (int64_t i = 0; i < width; ++i)
    result.push_back(column ? out.at<cv::Vec3b>(static_cast<int>(i), 0)[0]
                            : out.at<cv::Vec3b>(0, static_cast<int>(i))[0]);
  return result;
}

DataConfig by(const std::string& interpolation, const std::string& resize = "stretch") {
  DataConfig config;
  config.interpolation = interpolation;
  config.resize = resize;
  return config;
}

using Row = std::vector<int>;

}  // namespace

TEST_CASE("Nearest takes the pixel at floor((x + 0.5) * scale)") {
  // 5 -> 3: floor(5/6), floor(15/6), floor(25/6) = 0, 2, 4 (floor(x * scale) would be 0, 1, 3).
  CHECK(resized_row({10, 20, 30, 40, 50}, 3, by("nearest")) == Row{10, 30, 50});
  // 4 -> 2: 1, 3.
  CHECK(resized_row({10, 20, 30, 40}, 2, by("nearest")) == Row{20, 40});
  // 2 -> 5: floor(0.2), floor(0.6), floor(1.0), floor(1.4), floor(1.8).
  CHECK(resized_row({10, 20}, 5, by("nearest")) == Row{10, 10, 20, 20, 20});
  CHECK(resized_row({10, 20, 30, 40, 50}, 3, by("nearest"), true) == Row{10, 30, 50});
}

TEST_CASE("Bilinear has half-pixel centres, no antialiasing, and rounds once") {
  // 4 -> 2: centres 0.5 and 2.5: means of pixels 0, 1 and 2, 3.
  CHECK(resized_row({10, 20, 30, 41}, 2, by("bilinear")) == Row{15, 36});
  // 2 -> 4: centres -0.25, 0.25, 0.75, 1.25: 10, 10 + 90/4, 10 + 270/4, 100.
  CHECK(resized_row({10, 100}, 4, by("bilinear")) == Row{10, 33, 78, 100});
  // 8 -> 2: centres 1.5 and 5.5; an antialiased kernel would see the other pixels too.
  CHECK(resized_row({255, 0, 0, 255, 255, 100, 50, 255}, 2, by("bilinear")) == Row{0, 75});
  CHECK(resized_row({10, 20, 30, 41}, 2, by("bilinear"), true) == Row{15, 36});
  // Both axes at once, rounded once: the mean of 0, 0, 1, 1 is 0.5 -> 1; rounded twice it might be 0 or 1.
  cv::Mat square(2, 2, CV_8UC3, cv::Scalar::all(0));
  square.at<cv::Vec3b>(0, 0) = square.at<cv::Vec3b>(1, 1) = cv::Vec3b(1, 1, 3);
  DataConfig config = by("bilinear");
  config.imgsz = {1, 1};
  CHECK(resize_image(square, config).at<cv::Vec3b>(0, 0) == cv::Vec3b(1, 1, 2));
}

TEST_CASE("Area is the mean over the covered box") {
  CHECK(resized_row({10, 20, 30, 60}, 2, by("area")) == Row{15, 45});
  // 3 -> 2: boxes [0, 1.5) and [1.5, 3): (10 + 20/2) / 1.5 and (20/2 + 60) / 1.5.
  CHECK(resized_row({10, 20, 60}, 2, by("area")) == Row{13, 47});
  CHECK(resized_row({10, 20}, 4, by("area")) == Row{10, 10, 20, 20});
}

TEST_CASE("Bicubic is Keys's kernel with a = -0.5") {
  // 4 -> 2: centre 1.5 of pixel edges is pixel 0.5: weights at distances 1.5, 0.5, 0.5, 1.5: -1/16, 9/16,
  // 9/16, -1/16; the first output lacks pixel -1 and is normalised: (9/16*(10 + 20) - 30/16) / (17/16).
  CHECK(resized_row({10, 20, 30, 200}, 2, by("bicubic"))[0] == 14);
  CHECK(resized_row({0, 0, 16, 16, 0, 0}, 3, by("bicubic"))[1] == 18);
  CHECK(resized_row({7, 7, 7, 7, 7}, 3, by("bicubic")) == Row{7, 7, 7});
  CHECK(resized_row({7, 7, 7, 7, 7}, 3, by("lanczos")) == Row{7, 7, 7});
  CHECK(resized_row({9, 50, 120, 250, 30}, 5, by("lanczos")) == Row{9, 50, 120, 250, 30});
}

TEST_CASE("Crop takes the largest centred box of the target's aspect") {
  cv::Mat wide(2, 7, CV_8UC3, cv::Scalar::all(9));
  for (int y = 0; y < 2; ++y)
    for (int x : {2, 3}) wide.at<cv::Vec3b>(y, x) = cv::Vec3b::all(static_cast<uint8_t>(100 + x));
  DataConfig config = by("nearest", "crop");
  config.imgsz = {2, 2};
  const cv::Mat out = resize_image(wide, config);  // 5 / 2 = 2 columns are left away before it
  CHECK(out.at<cv::Vec3b>(0, 0)[0] == 102);
  CHECK(out.at<cv::Vec3b>(1, 1)[0] == 103);
  // 1 x 9 cropped to 3 x 1 (height x width): at least one pixel remains.
  config.imgsz = {3, 1};
  CHECK(resize_image(cv::Mat(1, 9, CV_8UC3, cv::Scalar::all(5)), config).at<cv::Vec3b>(2, 0)[0] == 5);
}

TEST_CASE("Pad adds black around the photo") {
  for (const char* interpolation : {"nearest", "bilinear", "area", "bilinear_antialias", "bicubic", "lanczos"}) {
    CAPTURE(interpolation);
    DataConfig config = by(interpolation, "pad");
    config.imgsz = {8, 8};
    const cv::Mat out = resize_image(cv::Mat(4, 16, CV_8UC3, cv::Scalar::all(200)), config);
    CHECK(out.at<cv::Vec3b>(0, 4)[0] == 0);
    CHECK(out.at<cv::Vec3b>(7, 4)[1] == 0);
    CHECK(out.at<cv::Vec3b>(3, 0)[0] == doctest::Approx(200).epsilon(0.15));
    CHECK(out.at<cv::Vec3b>(4, 7)[2] == doctest::Approx(200).epsilon(0.15));
  }
  // Bilinear as Keras pads first and resizes then: between black row 1 and grey row 2 lies half of it.
  DataConfig config = by("bilinear", "pad");
  config.imgsz = {3, 3};
  const cv::Mat out = resize_image(cv::Mat(2, 6, CV_8UC3, cv::Scalar::all(100)), config);
  CHECK(out.at<cv::Vec3b>(0, 1)[0] == 0);
  CHECK(out.at<cv::Vec3b>(1, 1)[0] == 100);
}

TEST_CASE("Resizing agrees with PyTorch from twenty source sizes") {
  int compared = 0;
  for (const auto& row : oracle_table("resize.tsv")) {
    CAPTURE(row[0]);
    CAPTURE(row[1]);
    const cv::Mat image = read_image(oracle_pictures() / (row[0] + ".png"), {});
    DataConfig config = by(row[1]);
    config.imgsz = {128, 128};
    const cv::Mat out = resize_image(image, config);
    const std::string raw = read_file(oracle_pictures() / (row[0] + "." + row[1] + ".f32"));
    REQUIRE(raw.size() == 128 * 128 * 3 * sizeof(float));
    const auto* expected = reinterpret_cast<const float*>(raw.data());
    float worst = 0;
    for (int i = 0; i < 128 * 128 * 3; ++i)
      worst = std::max(worst, std::abs(static_cast<float>(out.data[i]) - expected[i]));
    // Half a step is the rounding to bytes.
    CHECK(worst <= (row[1] == "nearest" ? 0.0f : 0.51f));
    ++compared;
  }
  CHECK(compared == 80);
}

TEST_CASE("A JPEG is reduced in decoding only where pixels are averaged anyway") {
  DataConfig config = by("bilinear_antialias");
  config.imgsz = {100, 100};
  CHECK(jpeg_reduction({299, 4000}, config) == 1);
  CHECK(jpeg_reduction({300, 4000}, config) == 2);
  CHECK(jpeg_reduction({600, 600}, config) == 4);
  CHECK(jpeg_reduction({5000, 5000}, config) == 8);
  config.resize = "pad";
  CHECK(jpeg_reduction({299, 4000}, config) == 8);
  for (const char* exact : {"nearest", "bilinear", "bicubic", "lanczos"})
    CHECK(jpeg_reduction({5000, 5000}, by(exact)) == 1);
}

TEST_CASE("A JPEG decoded at reduced scale looks like the whole one") {
  const std::string bytes = [] {
    cv::Mat image(900, 1200, CV_8UC3);
    for (int y = 0; y < image.rows; ++y)
      for (int x = 0; x < image.cols; ++x)
        image.at<cv::Vec3b>(y, x) =
            cv::Vec3b(static_cast<uint8_t>(x / 5), static_cast<uint8_t>(y / 4),
                      static_cast<uint8_t>(128 + 100 * std::sin(x * 0.05) * std::cos(y * 0.03)));
    return encoded(image, ".jpg");
  }();
  for (const char* interpolation : {"area", "bilinear_antialias", "bicubic_antialias"}) {
    DataConfig config = by(interpolation, "crop");
    config.imgsz = {96, 96};
    const cv::Mat quick = decode_resized(bytes, {}, config);
    const cv::Mat whole = resize_image(decode_image(bytes, {}), config);
    CHECK(cv::norm(quick, whole, cv::NORM_L1) / static_cast<double>(whole.total() * 3) < 2);
  }
}

TEST_CASE("Unknown ways to resize are refused with the nearest word") {
  const cv::Mat image(4, 4, CV_8UC3, cv::Scalar::all(0));
  CHECK_THROWS_WITH_AS(resize_image(image, by("bilinaer")), doctest::Contains("'bilinear'"), UsageError);
  CHECK_THROWS_WITH_AS(resize_image(image, by("bilinear", "strech")), doctest::Contains("'stretch'"), UsageError);
}
