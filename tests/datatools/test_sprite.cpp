#include "datatools/sprite.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "data/image.h"
#include "data/temp_folder.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

// Two sheets of three pictures each, 2 rows of 3 pixels a picture, and their six labels.
SpriteFiles write_sheets(const TempFolder& folder, const std::string& labels = "[1, 9, 1, 4, 9, 1]") {
  cv::Mat sheet(6, 6, CV_8UC3);
  cv::RNG(1).fill(sheet, cv::RNG::UNIFORM, 0, 256);
  folder.write("a.png", encoded(sheet.rowRange(0, 3), ".png"));
  folder.write("b.png", encoded(sheet.rowRange(3, 6), ".png"));
  folder.write("labels.json", labels);
  return {{folder / "a.png", folder / "b.png"}, folder / "labels.json", folder / "out"};
}

SpriteOptions cars_and_trucks() {
  SpriteOptions options;
  options.size = {2, 3};
  options.classes = {"Car=1", "Truck=9"};
  return options;
}

}  // namespace

TEST_CASE("Each row of a sheet becomes a picture in the folder of its class, pixel by pixel") {
  TempFolder folder;
  const SpriteFiles files = write_sheets(folder);
  const UnpackResult result = unpack_sprites(files, cars_and_trucks());
  CHECK(result.counts == Keyed<int64_t>{{"Car", 3}, {"Truck", 2}});
  CHECK(result.written == 5);
  CHECK(result.passed_over == 1);
  const cv::Mat sheet = read_image(files.sheets[1], {}), picture = read_image(folder / "out/Truck/b_00001.png", {});
  REQUIRE(picture.size() == cv::Size(3, 2));
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x) CHECK(picture.at<cv::Vec3b>(y, x) == sheet.at<cv::Vec3b>(1, 3 * y + x));
  CHECK(fs::exists(folder / "out/Car/a_00000.png"));
  CHECK(fs::exists(folder / "out/Car/a_00002.png"));
  CHECK(fs::exists(folder / "out/Car/b_00002.png"));
}

TEST_CASE("Unpacking again changes nothing; other content is not overwritten") {
  TempFolder folder;
  const SpriteFiles files = write_sheets(folder);
  unpack_sprites(files, cars_and_trucks());
  const UnpackResult again = unpack_sprites(files, cars_and_trucks());
  CHECK(again.written == 0);
  CHECK(again.there == 5);
  folder.write("out/Car/a_00000.png", "mine");
  CHECK_THROWS_AS(unpack_sprites(files, cars_and_trucks()), DataError);
  CHECK(read_file(folder / "out/Car/a_00000.png") == "mine");
}

TEST_CASE("Without names every label is a class named by its number") {
  TempFolder folder;
  SpriteOptions options;
  options.size = {2, 3};
  const UnpackResult result = unpack_sprites(write_sheets(folder), options);
  CHECK(result.counts == Keyed<int64_t>{{"1", 3}, {"4", 1}, {"9", 2}});
}

TEST_CASE("Sheets that were not named leave labels over; too few labels are an error before anything is written") {
  TempFolder folder;
  SpriteFiles files = write_sheets(folder, "[1, 9, 1, 4]");
  files.sheets.pop_back();
  CHECK(unpack_sprites(files, cars_and_trucks()).labels_left == 1);
  fs::remove_all(files.folder);
  files.labels = folder / "short.json";
  folder.write("short.json", "[1, 9]");
  CHECK_THROWS_AS(unpack_sprites(files, cars_and_trucks()), DataError);
  CHECK_FALSE(fs::exists(files.folder));
}

TEST_CASE("What does not fit is an error that names it") {
  TempFolder folder;
  SpriteFiles files = write_sheets(folder);
  SpriteOptions options = cars_and_trucks();
  options.size = {3, 3};
  CHECK_THROWS_WITH_AS(unpack_sprites(files, options), doctest::Contains("a.png is 6 pixels wide"), DataError);
  for (const char* wrong : {"Car", "=1", "Car=", "Car=x", "Car=1.5", "../Car=1", ".Car=1"}) {
    CAPTURE(wrong);
    options = cars_and_trucks();
    options.classes = {wrong};
    CHECK_THROWS_AS(unpack_sprites(files, options), UsageError);
  }
  options.classes = {"Car=1", "Truck=1"};
  CHECK_THROWS_WITH_AS(unpack_sprites(files, options), doctest::Contains("label 1 is given to two classes"),
                       UsageError);
  folder.write("labels.json", "{\"labels\": [1]}");
  CHECK_THROWS_WITH_AS(unpack_sprites(files, cars_and_trucks()), doctest::Contains("labels.json"), DataError);
  folder.write("a.png", "no picture");
  folder.write("labels.json", "[1, 9, 1, 4, 9, 1]");
  CHECK_THROWS_WITH_AS(unpack_sprites(files, cars_and_trucks()), doctest::Contains("a.png: not an image"), DataError);
}
