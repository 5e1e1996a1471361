#include "report/evaluation_plots.h"

#include <doctest/doctest.h>

#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "report/canvas.h"
#include "report/sheet.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// A file of its own, removed afterwards.
struct File {
  explicit File(const std::string& name) : path(scratch / name) {}
  cv::Mat read() const { return cv::imread(path); }  // BGR
  const Scratch scratch;
  const std::string path;
};

using Matrix = std::vector<std::vector<int64_t>>;

std::vector<std::string> class_names(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("class " + std::to_string(i));
  return names;
}

Matrix diagonal(size_t count) {
  Matrix matrix(count, std::vector<int64_t>(count, 0));
  for (size_t i = 0; i < count; ++i) matrix[i][i] = 10;
  return matrix;
}

// Pixels in which blue (or red) outweighs the other clearly.
struct Tints {
  int64_t blue = 0, red = 0;
};

Tints tints(const cv::Mat& bgr) {
  Tints found;
  for (int y = 0; y < bgr.rows; ++y) {
    for (int x = 0; x < bgr.cols; ++x) {
      const auto pixel = bgr.at<cv::Vec3b>(y, x);
      found.blue += pixel[0] > pixel[2] + 25;
      found.red += pixel[2] > pixel[0] + 25;
    }
  }
  return found;
}

ClassCurve curve(const std::string& name, std::vector<double> x, std::vector<double> y, double area) {
  return {name, std::move(x), std::move(y), area};
}

}  // namespace

TEST_CASE("A confusion matrix shows right answers in blue and mistakes in red") {
  const File file("confusion.png");
  write_confusion_matrix_png(file.path, diagonal(2), {"Car", "Truck"});
  const Tints right = tints(file.read());
  CHECK(right.blue > 2 * 100 * 100 / 2);
  CHECK(right.red == 0);
  write_confusion_matrix_png(file.path, {{0, 10}, {10, 0}}, {"Car", "Truck"});
  const Tints wrong = tints(file.read());
  CHECK(wrong.red > 2 * 100 * 100 / 2);
  CHECK(wrong.blue < right.blue / 10);
}

TEST_CASE("A confusion matrix has room for numbers at 100 classes and stays drawable at 1000") {
  const File file("large.png");
  write_confusion_matrix_png(file.path, diagonal(100), class_names(100));
  CHECK(file.read().cols > 100 * 28);
  Matrix large = diagonal(1000);
  large[3][900] = 1;  // one mistake is still seen
  write_confusion_matrix_png(file.path, large, class_names(1000));
  CHECK(file.read().cols < 4000);
  CHECK(tints(file.read()).red >= 1);
}

TEST_CASE("A class without images and names of any length and script are drawn") {
  const File file("names.png");
  write_confusion_matrix_png(file.path, {{0, 0}, {1000000, 1}}, {std::string(300, 'w'), "\xc3\x9c\xe7\x8c\xab"});
  CHECK(file.read().cols < 900);
}

TEST_CASE("ROC and precision-recall curves run where their values say") {
  const File good("good.png"), bad("bad.png");
  write_roc_png(good.path, {curve("cat", {0, 0, 1}, {0, 1, 1}, 1)});
  write_roc_png(bad.path, {curve("cat", {0, 1, 1}, {0, 0, 1}, 0)});
  const cv::Rect lower_right(330, 330, 270, 215), upper_left(60, 85, 270, 215);
  CHECK(tints(good.read()(lower_right)).blue == 0);
  CHECK(tints(good.read()(upper_left)).blue > 200);
  CHECK(tints(bad.read()(lower_right)).blue > 200);
  CHECK(tints(bad.read()(upper_left)).blue < 40);
  write_precision_recall_png(good.path, {curve("cat", {0, 1}, {1, 1}, 1)});
  CHECK(tints(good.read()).blue > 400);
}

TEST_CASE("Curves of a thousand classes, of none and of undefined ones are drawn") {
  const File file("many.png");
  std::vector<ClassCurve> curves;
  for (const auto& name : class_names(1000)) curves.push_back(curve(name, {0, 0.2, 1}, {0, 0.9, 1}, 0.85));
  curves.push_back(curve("absent", {0, std::nan("")}, {0, std::nan("")}, std::nan("")));
  write_roc_png(file.path, curves);
  CHECK(file.read().rows == 620);
  write_precision_recall_png(file.path, {});
  CHECK(file.read().rows == 620);
}

TEST_CASE("Calibration bars have the accuracy's height and empty bins none") {
  const File file("calibration.png");
  const double none = std::nan("");
  write_calibration_png(file.path, {{0, 0.5, 0, none, none}, {0.5, 1, 20, 0.75, 0.9}}, 0.15);
  const cv::Mat image = file.read();
  const auto upper = [&](double fraction) {
    return image(cv::Rect(100, 90, 490, 340)).colRange(int(fraction * 490) - 20, int(fraction * 490) + 20);
  };
  CHECK(tints(upper(0.25)).blue == 0);
  CHECK(tints(upper(0.9)).blue > 1000);
  write_calibration_png(file.path, {}, 0);
  CHECK_FALSE(file.read().empty());
}

TEST_CASE("Bars are as long as their values") {
  const File file("bars.png");
  write_bars_png(file.path, "F1", {{"a", 1, "1.0"}, {"b", 0.25, "0.25"}, {"c", std::nan(""), "-"}}, 1);
  const cv::Mat image = file.read();
  const int64_t first = tints(image.rowRange(56, 80)).blue, second = tints(image.rowRange(80, 104)).blue;
  CHECK(first == doctest::Approx(4 * double(second)).epsilon(0.03));
  CHECK(tints(image.rowRange(104, 128)).blue == 0);
  write_bars_png(file.path, "many", std::vector<NamedValue>(3000, {"x", 1, "1"}));
  CHECK(file.read().rows < 16000);
}

TEST_CASE("A sheet holds every picture in its own proportions with the wrong ones framed") {
  const File file("sheet.png"), jpeg("sheet.jpg");
  const cv::Mat blue(40, 80, CV_8UC3, cv::Scalar(0, 0, 255));
  SheetStyle style;
  style.tile_px = 100;
  style.columns = 2;
  write_sheet(file.path, {{blue, {"one"}}, {blue, {"two"}}, {blue, {"three"}}}, style);
  CHECK(tints(file.read()).blue == doctest::Approx(3 * 100 * 50).epsilon(0.03));
  CHECK(tints(file.read()).red == 0);
  write_sheet(file.path, {{blue, {"one"}, true}}, style);
  CHECK(tints(file.read()).red > 300);
  write_sheet(jpeg.path, std::vector<SheetPicture>(500, {blue, {"caption", "second line"}}), style);
  CHECK_FALSE(jpeg.read().empty());
  write_sheet(file.path, {}, style);
  CHECK_FALSE(file.read().empty());
  CHECK_THROWS_AS(write_sheet("/nonexistent/sheet.png", {}, style), Error);
}
