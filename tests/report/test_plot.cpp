#include "report/plot.h"

#include <doctest/doctest.h>

#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "report/curves.h"
#include "report/ticks.h"
#include "scratch.h"

using namespace cvtool;

namespace {

constexpr Ink kRed{220, 0, 0}, kBlue{0, 0, 220};
const double kNan = std::nan("");

cv::Vec3b pixel(const cv::Mat& image, const cv::Point2d& at) {
  return image.at<cv::Vec3b>(static_cast<int>(at.y), static_cast<int>(at.x));
}

bool has_ink(const cv::Vec3b& pixel, const Ink& ink) {
  return std::abs(pixel[0] - ink.red) < 60 && std::abs(pixel[1] - ink.green) < 60 && std::abs(pixel[2] - ink.blue) < 60;
}

int64_t count_ink(const cv::Mat& image, const Ink& ink) {
  int64_t count = 0;
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) count += has_ink(image.at<cv::Vec3b>(y, x), ink);
  }
  return count;
}

struct Drawn {
  cv::Mat image;
  PlotScale scale;
};

Drawn drawn(const Chart& chart) {
  Canvas canvas(600, 400);
  const PlotScale scale = draw_chart(canvas, {0, 0, 600, 400}, chart);
  return {canvas.pixels(), scale};
}

Chart chart_of(std::vector<double> x, std::vector<double> y) {
  Chart chart;
  chart.series.push_back({"red", std::move(x), std::move(y), kRed, 3});
  return chart;
}

History history_of(size_t epochs, double first_loss) {
  History history;
  history.columns = {{"loss", {}}, {"val_loss", {}}, {"binary_accuracy", {}}, {"val_binary_accuracy", {}}};
  for (size_t i = 0; i < epochs; ++i) {
    history.epochs.push_back(double(i + 1));
    history.columns[0].values.push_back(first_loss / double(i + 1));
    history.columns[1].values.push_back(i % 3 == 1 ? kNan : 0.8);
    history.columns[2].values.push_back(1 - 0.5 / double(i + 1));
    history.columns[3].values.push_back(0.75);
  }
  history.best_epoch = int64_t(epochs);
  return history;
}

}  // namespace

TEST_CASE("A line runs through its points and not elsewhere") {
  const Drawn d = drawn(chart_of({0, 1, 2}, {0, 10, 0}));
  CHECK(has_ink(pixel(d.image, d.scale.at(0.5, 5)), kRed));
  CHECK(has_ink(pixel(d.image, d.scale.at(1.5, 5)), kRed));
  CHECK_FALSE(has_ink(pixel(d.image, d.scale.at(1.0, 5)), kRed));
  CHECK_FALSE(has_ink(pixel(d.image, d.scale.at(0.5, 8)), kRed));
}

TEST_CASE("An absent value breaks the line and a lone point is a dot") {
  const Drawn d = drawn(chart_of({0, 1, 2, 3, 4}, {1, 2, kNan, 4, kNan}));
  CHECK(has_ink(pixel(d.image, d.scale.at(0.5, 1.5)), kRed));
  CHECK_FALSE(has_ink(pixel(d.image, d.scale.at(2, 3)), kRed));
  CHECK(has_ink(pixel(d.image, d.scale.at(3, 4)), kRed));
}

TEST_CASE("A line outside the axis's range is cut at the frame") {
  Chart chart = chart_of({0, 1, 2}, {-5, 5, 15});
  chart.y.low = 0;
  chart.y.high = 10;
  const Drawn d = drawn(chart);
  CHECK(has_ink(pixel(d.image, d.scale.at(1.3, 8)), kRed));
  cv::Mat outside = d.image.clone();
  outside(cv::Rect(static_cast<int>(d.scale.area.x) - 3, static_cast<int>(d.scale.area.y) - 3,
                   static_cast<int>(d.scale.area.width) + 6, static_cast<int>(d.scale.area.height) + 6))
      .setTo(cv::Scalar(255, 255, 255));
  CHECK(count_ink(outside(cv::Rect(0, 300, 600, 100)), kRed) == 0);
}

TEST_CASE("The legend stands above the data however many lines it takes") {
  Chart chart = chart_of({0, 1}, {0, 1});
  const Drawn one = drawn(chart);
  for (int i = 0; i < 12; ++i)
    chart.series.push_back({"a run with a rather long name " + std::to_string(i), {0, 1}, {0, 1}, kBlue});
  const Drawn many = drawn(chart);
  CHECK(many.scale.area.y > one.scale.area.y + 100);
  const cv::Rect above(0, 0, 600, static_cast<int>(many.scale.area.y) - 4);
  CHECK(count_ink(many.image(above), kBlue) > 12 * 20);
}

TEST_CASE("Positive values over many orders are drawn on a logarithmic axis where that is allowed") {
  Chart chart = chart_of({0, 1, 2}, {1e-3, 1, 1e3});
  CHECK_FALSE(drawn(chart).scale.y_log);
  chart.y.may_be_log = true;
  const Drawn d = drawn(chart);
  CHECK(d.scale.y_log);
  CHECK(has_ink(pixel(d.image, d.scale.at(0.5, std::pow(10, -1.5))), kRed));
  chart.series[0].y[0] = -1;
  CHECK_FALSE(drawn(chart).scale.y_log);
}

TEST_CASE("Bars reach from zero to their height") {
  Chart chart;
  chart.bars = {{0, 1, 4}, {1, 2, 8}};
  chart.bar_ink = kBlue;
  const Drawn d = drawn(chart);
  CHECK(has_ink(pixel(d.image, d.scale.at(0.5, 2)), kBlue));
  CHECK_FALSE(has_ink(pixel(d.image, d.scale.at(0.5, 6)), kBlue));
  CHECK(has_ink(pixel(d.image, d.scale.at(1.5, 6)), kBlue));
}

TEST_CASE("Names stand below the bars in place of numbers; those without room are shortened or left out") {
  const auto below = [](const std::vector<std::string>& names) {
    Chart chart;
    for (size_t i = 0; i < names.size(); ++i) chart.bars.push_back({double(i) - 0.4, double(i) + 0.4, 1});
    chart.x.names = names;
    chart.x.low = -0.5, chart.x.high = double(names.size()) - 0.5;
    const Drawn chart_drawn = drawn(chart);
    return std::pair(chart_drawn, cv::Mat(chart_drawn.image.rowRange(int(chart_drawn.scale.area.br().y) + 3, 400)));
  };
  // The columns with ink, as pieces with gaps of more than 12 pixels between them.
  const auto words = [](const cv::Mat& strip) {
    std::vector<cv::Range> out;
    for (int x = 0; x < strip.cols; ++x) {
      if (count_ink(strip.col(x), kMutedText) == 0) continue;
      if (out.empty() || x - out.back().end > 12) out.emplace_back(x, x);
      out.back().end = x;
    }
    return out;
  };
  const auto [two, two_strip] = below({"llll", "an endless name " + std::string(200, 'x')});
  const auto found = words(two_strip);
  REQUIRE(found.size() >= 2);
  CHECK(std::abs((found[0].start + found[0].end) / 2 - two.scale.at(0, 0).x) < 2);
  CHECK(found.back().end < 600);
  CHECK(found[1].start > two.scale.at(0.5, 0).x);
  CHECK(words(below(std::vector<std::string>(40, "mmmmm")).second).size() < 13);
}

TEST_CASE("Ticks are round numbers within the range") {
  CHECK(nice_ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(nice_ticks(1, 10, 20, true) == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(nice_ticks(0.3, 0.7, 4, true).size() == 1);
  CHECK(nice_ticks(5, 5, 4) == std::vector<double>{5});
  CHECK(tick_text(0.25, 0.05) == "0.25");
  CHECK(tick_text(1500, 500) == "1500");
  CHECK(tick_text(2e9, 1e9) == "2e+09");
}

TEST_CASE("Text is as wide as its width says and is shortened whole signs at a time") {
  Canvas canvas(400, 60);
  canvas.text("Training loss", {20, 30}, {20, kText});
  const double width = canvas.text_width("Training loss", 20);
  CHECK(width > 60);
  const cv::Mat image = canvas.pixels();
  CHECK(count_ink(image(cv::Rect(20, 10, static_cast<int>(width), 40)), kText) > 50);
  CHECK(count_ink(image(cv::Rect(24 + static_cast<int>(width), 0, 300 - static_cast<int>(width), 60)), kText) == 0);
  const std::string shorter = canvas.fitted("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 20, 60);
  CHECK(canvas.text_width(shorter, 20) <= 60);
  CHECK(shorter.size() % 2 == 1);  // two-byte signs and three dots
  CHECK(canvas.fitted("word", 20, 1).empty());
}

TEST_CASE("curves.png shows both panels for one epoch, a thousand, gaps and extremes") {
  const Scratch scratch;
  const std::string path = scratch / "curves.png";
  for (const auto& history : {history_of(1, 1), history_of(3, 1e300), history_of(1000, 1e12), history_of(7, 0.5)}) {
    write_curves_png(path, history);
    const cv::Mat image = cv::imread(path);
    REQUIRE_FALSE(image.empty());
    const cv::Mat left = image(cv::Rect(0, 80, image.cols / 2, image.rows - 130)),
                  right = image(cv::Rect(image.cols / 2, 80, image.cols / 2, image.rows - 130));
    const Ink train{series_ink(0).blue, series_ink(0).green, series_ink(0).red};  // OpenCV reads BGR
    const Ink valid{series_ink(1).blue, series_ink(1).green, series_ink(1).red};
    for (const cv::Mat& panel : {left, right}) {
      CHECK(count_ink(panel, train) >= 15);
      CHECK(count_ink(panel, valid) >= 15);
    }
  }
}

TEST_CASE("Empty, absent and infinite values draw an empty chart and nothing crashes") {
  const double inf = std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::max();
  for (const auto& y :
       std::vector<std::vector<double>>{{}, {kNan, kNan}, {inf, -inf}, {max, -max}, {0, 0}, {5e-324, 1e-300}}) {
    std::vector<double> x;
    for (size_t i = 0; i < y.size(); ++i) x.push_back(double(i));
    Chart chart = chart_of(x, y);
    chart.y.may_be_log = true;
    CHECK(drawn(chart).image.rows == 400);
  }
  CHECK_THROWS_AS(Canvas(0, 5), Error);
}

TEST_CASE("A history is read from its file's text") {
  const History history = history_from_csv("epoch,loss,val_loss\r\n1,0.5,0.25\r\n2,nan,\r\n");
  CHECK(history.epochs == std::vector<double>{1, 2});
  REQUIRE(history.find("val_loss") != nullptr);
  CHECK(history.find("val_loss")->values[0] == 0.25);
  CHECK(std::isnan(history.find("loss")->values[1]));
  CHECK(std::isnan(history.find("val_loss")->values[1]));
  CHECK(history.find("accuracy") == nullptr);
  CHECK_THROWS_WITH_AS(history_from_csv("epoch,loss\n1,x\n"), doctest::Contains("line 2"), DataError);
  CHECK_THROWS_AS(history_from_csv("epoch,loss\n1\n"), DataError);
  CHECK_THROWS_AS(history_from_csv("loss\n1\n"), DataError);
  CHECK_THROWS_AS(history_from_csv(""), DataError);
}
