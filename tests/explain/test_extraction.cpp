#include "explain/extraction.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// A white disc on black, 64x64, grey 0..1.
at::Tensor circle() {
  cv::Mat rgb(64, 64, CV_8UC3, cv::Scalar::all(0));
  cv::circle(rgb, {32, 32}, 24, cv::Scalar::all(255), cv::FILLED);
  return grey_from_image(rgb);
}

struct Plane {
  int64_t rows, columns;
  std::vector<double> values;
  double at(int64_t y, int64_t x) const { return values[static_cast<size_t>(y * columns + x)]; }
};

Plane plane_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  const auto* data = values.data_ptr<double>();
  return {values.size(0), values.size(1), {data, data + values.numel()}};
}

// TensorFlow's rules: the size of the output and the padding before the first pixel.
struct Side {
  int64_t output, before;
};
Side side_of(int64_t n, int64_t kernel, int64_t stride, bool same) {
  if (!same) return {(n - kernel) / stride + 1, 0};
  const int64_t output = (n + stride - 1) / stride;
  return {output, std::max<int64_t>((output - 1) * stride + kernel - n, 0) / 2};
}

// The definition, pixel by pixel: cross-correlation with zeros around, or the largest value with nothing around.
template <class Combine>
Plane slide(const Plane& in, const std::array<int64_t, 3>& window, bool same, double start, const Combine& combine) {
  const auto [rows, columns, stride] = window;
  const Side down = side_of(in.rows, rows, stride, same), across = side_of(in.columns, columns, stride, same);
  Plane out{down.output, across.output, {}};
  for (int64_t y = 0; y < out.rows; ++y)
    for (int64_t x = 0; x < out.columns; ++x) {
      double value = start;
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j) {
          const int64_t from_y = y * stride + i - down.before, from_x = x * stride + j - across.before;
          if (from_y >= 0 && from_x >= 0 && from_y < in.rows && from_x < in.columns)
            value = combine(value, in.at(from_y, from_x), static_cast<size_t>(i * columns + j));
        }
      out.values.push_back(value);
    }
  return out;
}

void check_equal(const at::Tensor& tensor, const Plane& expected) {
  const Plane plane = plane_of(tensor);
  REQUIRE(plane.rows == expected.rows);
  REQUIRE(plane.columns == expected.columns);
  double largest = 0;
  for (size_t i = 0; i < plane.values.size(); ++i)
    largest = std::max(largest, std::abs(plane.values[i] - expected.values[i]));
  CHECK(largest < 1e-5);
}

void check_extraction(const at::Tensor& grey, const Kernel& kernel, const ExtractionOptions& options) {
  const Extraction extraction = extract_feature(grey, kernel, options);
  const auto rows = static_cast<int64_t>(kernel.rows), columns = static_cast<int64_t>(kernel.columns);
  const Plane filtered = slide(plane_of(grey), {rows, columns, options.stride}, options.padding == "same", 0,
                               [&](double sum, double pixel, size_t i) { return sum + pixel * kernel.values[i]; });
  Plane detected = filtered;
  for (double& value : detected.values) value = std::max(value, 0.0);
  const Plane condensed = slide(detected, {options.pool_size, options.pool_size, options.pool_stride},
                                options.pool_padding == "same", -std::numeric_limits<double>::infinity(),
                                [](double max, double value, size_t) { return std::max(max, value); });
  check_equal(extraction.input, plane_of(grey));
  check_equal(extraction.filtered, filtered);
  check_equal(extraction.detected, detected);
  check_equal(extraction.condensed, condensed);
}

}  // namespace

TEST_CASE("Filter, detect and condense are what their definitions give, at stride 1 and 3") {
  const at::Tensor grey = circle();
  for (const Kernel& kernel : named_kernels())
    for (int64_t stride : {1, 3})
      for (const char* padding : {"valid", "same"})
        for (const char* pool_padding : {"valid", "same"}) {
          CAPTURE(kernel.name);
          CAPTURE(stride);
          CAPTURE(padding);
          ExtractionOptions options;
          options.stride = stride;
          options.padding = padding;
          options.pool_padding = pool_padding;
          check_extraction(grey, kernel, options);
        }
}

TEST_CASE("Sizes are TensorFlow's") {
  ExtractionOptions options;
  options.stride = 3;
  const Extraction valid = extract_feature(circle(), kernel_from_text("bottom_sobel"), options);
  CHECK(valid.filtered.sizes() == at::IntArrayRef({21, 21}));   // floor((64 - 3) / 3) + 1
  CHECK(valid.condensed.sizes() == at::IntArrayRef({11, 11}));  // ceil(21 / 2)
  options.padding = "same";
  const Extraction same = extract_feature(circle(), kernel_from_text("bottom_sobel"), options);
  CHECK(same.filtered.sizes() == at::IntArrayRef({22, 22}));  // ceil(64 / 3)
}

TEST_CASE("A kernel of one's own, of any shape, on a picture that is not a square") {
  const at::Tensor grey = circle().narrow(0, 0, 41).contiguous();
  ExtractionOptions options;
  options.pool_size = 3;
  options.pool_stride = 1;
  for (const char* text : {"-1 2 -1; -1 2 -1; -1 2 -1", "1, -1", "0.5;-.25;1e-1", "1 2 3 4; 5 6 7 8"}) {
    CAPTURE(text);
    for (const char* padding : {"valid", "same"}) {
      options.padding = padding;
      check_extraction(grey, kernel_from_text(text), options);
    }
  }
}

TEST_CASE("bottom_sobel finds the lower edge of the disc and not the upper one") {
  const Extraction extraction = extract_feature(circle(), kernel_from_text("bottom_sobel"), {});
  CHECK(extraction.detected.narrow(0, 0, 32).select(1, 31).max().item<double>() == 4);   // black above, white below
  CHECK(extraction.detected.narrow(0, 32, 30).select(1, 31).max().item<double>() == 0);  // the other way round
}

TEST_CASE("Grey is the luma of BT.601") {
  cv::Mat rgb(1, 4, CV_8UC3);
  rgb.at<cv::Vec3b>(0, 0) = {255, 0, 0};
  rgb.at<cv::Vec3b>(0, 1) = {0, 255, 0};
  rgb.at<cv::Vec3b>(0, 2) = {0, 0, 255};
  rgb.at<cv::Vec3b>(0, 3) = {51, 51, 51};
  const at::Tensor grey = grey_from_image(rgb);
  CHECK(grey[0][0].item<float>() == doctest::Approx(0.299));
  CHECK(grey[0][1].item<float>() == doctest::Approx(0.587));
  CHECK(grey[0][2].item<float>() == doctest::Approx(0.114));
  CHECK(grey[0][3].item<float>() == doctest::Approx(0.2));
}

TEST_CASE("A kernel that cannot be read is refused with what is wrong") {
  CHECK(
      contains(message_of([] { kernel_from_text("egde"); }), "--kernel: unknown kernel 'egde'; did you mean 'edge'?"));
  CHECK(contains(message_of([] { kernel_from_text("1 2; 3"); }), "rows are of different lengths"));
  CHECK(contains(message_of([] { kernel_from_text("1 2; 3 x"); }), "'x' is not a number"));
  CHECK(contains(message_of([] { kernel_from_text("1 nan"); }), "'nan' is not a number"));
  CHECK(contains(message_of([] { kernel_from_text(" ; "); }), "there are no numbers"));
  CHECK_THROWS_AS(kernel_from_text(""), UsageError);
  ExtractionOptions options;
  CHECK(contains(message_of([&] {
                   extract_feature(at::zeros({2, 9}), kernel_from_text("edge"), options);
                 }),
                 "the kernel of 3x3 does not fit the picture of 2x9"));
  options.pool_padding = "valid";
  options.pool_size = 9;
  CHECK(contains(message_of([&] {
                   extract_feature(at::zeros({9, 9}), kernel_from_text("edge"), options);
                 }),
                 "the window of 9x9 does not fit the picture of 7x7"));
}

TEST_CASE("The picture shows the panels larger without smoothing, in their own proportions") {
  const at::Tensor grey = circle().narrow(0, 0, 32).contiguous();
  const Kernel kernel = kernel_from_text("edge");
  const ExtractionOptions options;
  const cv::Mat drawn = extraction_picture("title", extract_feature(grey, kernel, options), kernel, options)->pixels();
  // The second square holds the input, twice as wide as high: 280 x 140 px from (320, 168) on.
  CHECK(drawn.at<cv::Vec3b>(168 + 70, 320 + 140) == cv::Vec3b(0xff, 0xff, 0xff));
  CHECK(drawn.at<cv::Vec3b>(168 + 10, 320 + 10) == cv::Vec3b(0, 0, 0));
  CHECK(drawn.at<cv::Vec3b>(168 - 10, 320 + 10) == cv::Vec3b(0xff, 0xff, 0xff));
}
