// Resampling. Every interpolation is separable: an output row or column is a weighted sum of input rows or
// columns.
#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/text.h"
#include "data/image.h"

namespace cvtool {
namespace {

// A reduced JPEG keeps at least this many pixels for each one of the target, so that the kernel still
// decides.
constexpr double kLeastOversampling = 1.5;

// One axis: `source` pixels of the photo, of which [offset, offset + length) are covered; length exceeds
// source where the photo is padded. They become `target` pixels.
struct Axis {
  int source;
  int offset;  // negative: so many black pixels before the photo
  int length;
  int target;
  float scale() const { return static_cast<float>(length) / static_cast<float>(target); }
};

// Keras's crop_to_aspect_ratio and pad_to_aspect_ratio: sizes are truncated, the middle is rounded down.
int to_aspect(int other, int wanted, int other_wanted) {
  const float size =
      static_cast<float>(other) * static_cast<float>(wanted) / static_cast<float>(other_wanted);
  return std::max(1, static_cast<int>(std::min(size, 1e9f)));
}

Axis axis_of(int size, int target, int fitted, const std::string& resize) {
  if (resize == "crop") {
    const int length = std::min(size, fitted);
    return {size, (size - length) / 2, length, target};
  }
  if (resize == "pad") {
    const int length = std::max(size, fitted);
    return {size, -((length - size) / 2), length, target};
  }
  return {size, 0, size, target};
}

// The two pixels of the photo between which an output pixel lies; -1: black.
struct Pair {
  int low, high;
  float fraction;
};

int in_photo(int index, const Axis& axis) {
  const int at = std::clamp(index, 0, axis.length - 1) + axis.offset;
  return at >= 0 && at < axis.source ? at : -1;
}

std::vector<Pair> bilinear_pairs(const Axis& axis) {
  std::vector<Pair> pairs;
  for (int x = 0; x < axis.target; ++x) {
    const float at = (static_cast<float>(x) + 0.5f) * axis.scale() - 0.5f;
    const float low = std::floor(at);
    pairs.push_back(
        {in_photo(static_cast<int>(low), axis), in_photo(static_cast<int>(std::ceil(at)), axis), at - low});
  }
  return pairs;
}

std::vector<int> nearest_indices(const Axis& axis) {
  std::vector<int> indices;
  for (int x = 0; x < axis.target; ++x)
    indices.push_back(
        in_photo(static_cast<int>(std::floor((static_cast<float>(x) + 0.5f) * axis.scale())), axis));
  return indices;
}

void resize_nearest(const cv::Mat& image, const Axis& vertical, const Axis& horizontal, cv::Mat& out) {
  const auto rows = nearest_indices(vertical);
  const auto columns = nearest_indices(horizontal);
  for (int y = 0; y < out.rows; ++y) {
    auto* to = out.ptr<uint8_t>(y);
    const int row = rows[static_cast<size_t>(y)];
    if (row < 0) {
      std::fill_n(to, size_t{3} * static_cast<size_t>(out.cols), uint8_t{0});
      continue;
    }
    const auto* from = image.ptr<uint8_t>(row);
    for (const int column : columns) {
      for (int c = 0; c < 3; ++c) to[c] = column < 0 ? uint8_t{0} : from[3 * column + c];
      to += 3;
    }
  }
}

constexpr uint8_t kBlack[3] = {0, 0, 0};

// One row of the photo interpolated to the target's columns, kept as float.
class BilinearRow {
 public:
  void compute(const cv::Mat& image, int row, const std::vector<Pair>& columns) {
    if (row == row_) return;
    row_ = row;
    values_.assign(columns.size() * 3, 0.0f);
    if (row < 0) return;
    const auto* from = image.ptr<uint8_t>(row);
    float* to = values_.data();
    for (const Pair& column : columns) {
      const uint8_t* low = column.low < 0 ? kBlack : from + 3 * column.low;
      const uint8_t* high = column.high < 0 ? kBlack : from + 3 * column.high;
      for (int c = 0; c < 3; ++c)
        to[c] = static_cast<float>(low[c]) + static_cast<float>(high[c] - low[c]) * column.fraction;
      to += 3;
    }
  }
  const float* values() const { return values_.data(); }
  int row() const { return row_; }

 private:
  int row_ = -2;
  std::vector<float> values_;
};

void resize_bilinear(const cv::Mat& image, const Axis& vertical, const Axis& horizontal, cv::Mat& out) {
  const auto rows = bilinear_pairs(vertical);
  const auto columns = bilinear_pairs(horizontal);
  BilinearRow low, high;
  for (int y = 0; y < out.rows; ++y) {
    const Pair& row = rows[static_cast<size_t>(y)];
    if (high.row() == row.low) std::swap(low, high);
    low.compute(image, row.low, columns);
    high.compute(image, row.high, columns);
    auto* to = out.ptr<uint8_t>(y);
    for (size_t i = 0; i < columns.size() * 3; ++i) {
      const float value = low.values()[i] + (high.values()[i] - low.values()[i]) * row.fraction;
      to[i] = static_cast<uint8_t>(value + 0.5f);
    }
  }
}

struct Kernel {
  const char* name;
  double radius;
  bool widens;  // with the scale, when the picture becomes smaller
  double (*weight)(double distance);
};

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5.
double cubic(double x) {
  const double d = std::abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

double lanczos3(double x) {
  const double d = std::abs(x) * CV_PI;
  if (d < 1e-9) return 1;
  return d < 3 * CV_PI ? 3 * std::sin(d) * std::sin(d / 3) / (d * d) : 0;
}

constexpr Kernel kKernels[] = {
    {"bicubic", 2, false, cubic},
    {"lanczos", 3, false, lanczos3},
    {"bilinear_antialias", 1, true, triangle},
    {"bicubic_antialias", 2, true, cubic},
};

// The pixels of the photo that make one output pixel.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

// Weights over [first, first + weights.size()) of the covered length -> normalised, those outside the photo
// dropped.
Taps within_photo(int first, const std::vector<double>& weights, const Axis& axis) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  Taps taps;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int at = first + static_cast<int>(i) + axis.offset;
    if (at < 0 || at >= axis.source) continue;
    if (taps.weights.empty()) taps.first = at;
    taps.weights.push_back(static_cast<float>(weights[i] / sum));
  }
  return taps;
}

std::vector<Taps> kernel_taps(const Axis& axis, const Kernel& kernel) {
  const double scale = static_cast<double>(axis.length) / axis.target;
  const double width = kernel.widens ? std::max(1.0, scale) : 1.0;
  std::vector<Taps> all;
  for (int x = 0; x < axis.target; ++x) {
    const double centre = (x + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(std::floor(centre - kernel.radius * width + 0.5)));
    const int end = std::min(axis.length, static_cast<int>(std::floor(centre + kernel.radius * width + 0.5)));
    std::vector<double> weights;
    for (int i = first; i < end; ++i) weights.push_back(kernel.weight((i + 0.5 - centre) / width));
    all.push_back(within_photo(first, weights, axis));
  }
  return all;
}

std::vector<Taps> area_taps(const Axis& axis) {
  const double scale = static_cast<double>(axis.length) / axis.target;
  std::vector<Taps> all;
  for (int x = 0; x < axis.target; ++x) {
    const double begin = x * scale, end = (x + 1) * scale;
    const int first = static_cast<int>(begin);
    std::vector<double> weights;
    for (int i = first; i < axis.length && i < end; ++i)
      weights.push_back(std::min<double>(i + 1, end) - std::max<double>(i, begin));
    all.push_back(within_photo(first, weights, axis));
  }
  return all;
}

// `from` holds a row as float and one value more; four channels at a time (the fourth is the next pixel's
// first) fill a vector register.
void resample_row(const float* from, const std::vector<Taps>& columns, float* to) {
  for (const Taps& taps : columns) {
    const float* pixel = from + 3 * static_cast<size_t>(taps.first);
    float sums[4] = {0, 0, 0, 0};
    for (const float weight : taps.weights) {
      for (int c = 0; c < 4; ++c) sums[c] += weight * pixel[c];
      pixel += 3;
    }
    for (int c = 0; c < 3; ++c) *to++ = sums[c];
  }
}

// Every needed row of the photo is resampled once and added to the output rows that it is part of.
void resize_by_taps(const cv::Mat& image, const std::vector<Taps>& rows, const std::vector<Taps>& columns,
                    cv::Mat& out) {
  const size_t row_values = columns.size() * 3;
  std::vector<float> row(row_values), sums(rows.size() * row_values, 0.0f);
  std::vector<float> values(static_cast<size_t>(image.cols) * 3 + 1, 0.0f);
  size_t oldest = 0;  // rows before it are complete: both ends of the taps only move down
  for (int y = 0; y < image.rows; ++y) {
    const auto ended = [&](const Taps& taps) {
      return taps.first + static_cast<int>(taps.weights.size()) <= y;
    };
    while (oldest < rows.size() && (rows[oldest].weights.empty() || ended(rows[oldest]))) ++oldest;
    bool resampled = false;
    for (size_t i = oldest; i < rows.size() && (rows[i].weights.empty() || rows[i].first <= y); ++i) {
      if (ended(rows[i]) || rows[i].weights.empty()) continue;
      if (!resampled) {
        std::copy_n(image.ptr<uint8_t>(y), values.size() - 1, values.begin());
        resample_row(values.data(), columns, row.data());
        resampled = true;
      }
      const float weight = rows[i].weights[static_cast<size_t>(y - rows[i].first)];
      float* sum = sums.data() + i * row_values;
      for (size_t k = 0; k < row_values; ++k) sum[k] += weight * row[k];
    }
  }
  for (int y = 0; y < out.rows; ++y) {
    const float* sum = sums.data() + static_cast<size_t>(y) * row_values;
    auto* to = out.ptr<uint8_t>(y);
    for (size_t k = 0; k < row_values; ++k)
      to[k] = static_cast<uint8_t>(std::clamp(sum[k] + 0.5f, 0.0f, 255.0f));
  }
}

bool averages(const std::string& interpolation) {
  return interpolation == "area" || ends_with(interpolation, "_antialias");
}

}  // namespace

cv::Mat resize_image(const cv::Mat& image, const DataConfig& config) {
  if (image.empty() || image.type() != CV_8UC3)
    throw Error("resize_image: needs a picture of 3 channels of bytes");
  const int height = static_cast<int>(config.imgsz.height), width = static_cast<int>(config.imgsz.width);
  if (height < 1 || width < 1)
    throw UsageError("imgsz: must be at least 1, not " + image_size_text(config.imgsz));
  const std::vector<std::string> fits{"stretch", "crop", "pad"};
  if (std::find(fits.begin(), fits.end(), config.resize) == fits.end())
    throw UsageError("resize: " + unknown_word("value", config.resize, fits));
  const Axis vertical = axis_of(image.rows, height, to_aspect(image.cols, height, width), config.resize);
  const Axis horizontal = axis_of(image.cols, width, to_aspect(image.rows, width, height), config.resize);
  cv::Mat out(height, width, CV_8UC3);
  std::vector<std::string> words{"nearest", "bilinear", "area"};
  if (config.interpolation == "nearest") {
    resize_nearest(image, vertical, horizontal, out);
    return out;
  }
  if (config.interpolation == "bilinear") {
    resize_bilinear(image, vertical, horizontal, out);
    return out;
  }
  if (config.interpolation == "area") {
    resize_by_taps(image, area_taps(vertical), area_taps(horizontal), out);
    return out;
  }
  for (const Kernel& kernel : kKernels) {
    words.emplace_back(kernel.name);
    if (config.interpolation != kernel.name) continue;
    resize_by_taps(image, kernel_taps(vertical, kernel), kernel_taps(horizontal, kernel), out);
    return out;
  }
  throw UsageError("interpolation: " + unknown_word("value", config.interpolation, words));
}

int jpeg_reduction(const ImageSize& size, const DataConfig& config) {
  if (!averages(config.interpolation)) return 1;
  const double vertical = static_cast<double>(size.height) / static_cast<double>(config.imgsz.height);
  const double horizontal = static_cast<double>(size.width) / static_cast<double>(config.imgsz.width);
  const double scale =
      config.resize == "pad" ? std::max(vertical, horizontal) : std::min(vertical, horizontal);
  for (const int reduction : {8, 4, 2})
    if (scale >= reduction * kLeastOversampling) return reduction;
  return 1;
}

}  // namespace cvtool
