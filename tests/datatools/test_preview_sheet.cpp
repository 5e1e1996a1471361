#include "datatools/preview_sheet.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "data/temp_folder.h"
#include "report/image_file.h"

using namespace cvtool;

namespace {

Dataset write_photos(const TempFolder& folder) {
  for (int i = 0; i < 12; ++i)
    folder.write_photo((i < 9 ? "cats/" : "dogs/") + std::to_string(i) + ".png", i, {30, 20});
  folder.write("dogs/broken.png", "");
  DataConfig config;
  config.valid = 0;
  return find_dataset(folder.path(), config, 1);
}

}  // namespace

TEST_CASE("A preview sheet has a square a photo, in as many rows and columns as asked") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  SheetOptions options;
  options.rows = 2;
  options.cols = 3;
  options.photo_px = 64;
  const cv::Mat sheet = preview_sheet(dataset, options);
  CHECK(sheet.cols == 3 * (64 + 8));
  CHECK(sheet.rows == 2 * (64 + 8 + 20));
  const cv::Mat again = preview_sheet(dataset, options);
  CHECK(cv::norm(sheet, again, cv::NORM_INF) == 0);
  options.seed = 1;
  CHECK(cv::norm(sheet, preview_sheet(dataset, options), cv::NORM_INF) > 0);
  // So many of each class: 2 + 2 in rows of 3.
  options.per_class = 2;
  CHECK(preview_sheet(dataset, options).rows == 2 * (64 + 8 + 20));
  options.split = "test";
  CHECK_THROWS_AS(preview_sheet(dataset, options), DataError);
  options.split = "train";
  options.photo_px = 1 << 20;
  CHECK_THROWS_AS(preview_sheet(dataset, options), UsageError);
}

TEST_CASE("A preview sheet shows photos whole, and says which cannot be read") {
  TempFolder folder;
  folder.write("cats/1.png", encoded(cv::Mat(20, 40, CV_8UC3, cv::Scalar(0, 0, 200)), ".png"));  // BGR
  folder.write_photo("dogs/1.png");
  DataConfig config;
  config.valid = 0;
  SheetOptions options;
  options.photo_px = 80;
  options.per_class = options.cols = 1;  // the cat above the dog
  const cv::Mat sheet = preview_sheet(find_dataset(folder.path(), config, 1), options);
  const cv::Vec3b red(200, 0, 0);
  CHECK(sheet.at<cv::Vec3b>(4 + 40, 4 + 1) == red);
  CHECK(sheet.at<cv::Vec3b>(4 + 40, 4 + 78) == red);
  CHECK(sheet.at<cv::Vec3b>(4 + 21, 4 + 40) == red);
  CHECK(sheet.at<cv::Vec3b>(4 + 58, 4 + 40) == red);
  CHECK(sheet.at<cv::Vec3b>(4 + 17, 4 + 40) != red);
  CHECK(sheet.at<cv::Vec3b>(4 + 62, 4 + 40) != red);
  double darkest = 0;
  cv::minMaxLoc(sheet.rowRange(4 + 80, 4 + 80 + 20).reshape(1), &darkest);
  CHECK(darkest < 80);  // the label
  folder.write("cats/1.png", "");
  const cv::Mat broken = preview_sheet(find_dataset(folder.path(), config, 1), options);
  CHECK(sheet.size() == broken.size());
  cv::Mat warning;
  cv::inRange(broken, cv::Scalar(150, 0, 0), cv::Scalar(210, 100, 100), warning);
  CHECK(cv::countNonZero(warning) > 30);
  CHECK(cv::norm(sheet.rowRange(84, 112), broken.rowRange(84, 112), cv::NORM_INF) == 0);
}

TEST_CASE("Pictures are written as their extension says") {
  TempFolder folder;
  const cv::Mat red(8, 8, CV_8UC3, cv::Scalar(250, 10, 20));
  write_image(folder / "red.png", red);
  const cv::Mat back = read_image(folder / "red.png", {});
  CHECK(cv::norm(red, back, cv::NORM_INF) == 0);
  write_image(folder / "red.JPG", red);
  CHECK(read_image(folder / "red.JPG", {}).at<cv::Vec3b>(3, 3)[0] > 230);
  CHECK_THROWS_AS(write_image(folder / "red.docx", red), UsageError);
  CHECK_THROWS_AS(write_image(folder / "none/red.png", red), Error);
}
