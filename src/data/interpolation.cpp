#include "data/interpolation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

// The two pixels of the photo between which an output pixel lies; -1: black.
struct Pair {
  int low, high;
  float fraction;
};

int in_photo(int index, const SourceAxis& axis) {
  const int at = std::clamp(index, 0, axis.length - 1) + axis.offset;
  return at >= 0 && at < axis.source ? at : -1;
}

std::vector<Pair> bilinear_pairs(const SourceAxis& axis) {
  std::vector<Pair> pairs;
  for (int x = 0; x < axis.target; ++x) {
    const float at = (static_cast<float>(x) + 0.5f) * axis.scale() - 0.5f;
    const float low = std::floor(at);
    pairs.push_back({in_photo(static_cast<int>(low), axis), in_photo(static_cast<int>(std::ceil(at)), axis), at - low});
  }
  return pairs;
}

std::vector<int> nearest_indices(const SourceAxis& axis) {
  std::vector<int> indices;
  for (int x = 0; x < axis.target; ++x)
    indices.push_back(in_photo(static_cast<int>(std::floor((static_cast<float>(x) + 0.5f) * axis.scale())), axis));
  return indices;
}

// The functions below are made for each type of values and number of channels: the compiler must know them to put loops
// into vectors.
template <class Value, int kChannels>
void resize_nearest(const cv::Mat& image, const SourceAxis& vertical, const SourceAxis& horizontal, cv::Mat& out) {
  const auto rows = nearest_indices(vertical);
  const auto columns = nearest_indices(horizontal);
  for (int y = 0; y < out.rows; ++y) {
    auto* to = out.ptr<Value>(y);
    const int row = rows[static_cast<size_t>(y)];
    if (row < 0) {
      std::fill_n(to, size_t{kChannels} * static_cast<size_t>(out.cols), Value{0});
      continue;
    }
    const auto* from = image.ptr<Value>(row);
    for (const int column : columns) {
      for (int c = 0; c < kChannels; ++c) to[c] = column < 0 ? Value{0} : from[kChannels * column + c];
      to += kChannels;
    }
  }
}

template <class Value>
constexpr Value kBlack[3] = {0, 0, 0};

// One row of the photo interpolated to the target's columns, kept as float.
template <class Value, int kChannels>
class BilinearRow {
 public:
  void compute(const cv::Mat& image, int row, const std::vector<Pair>& columns) {
    if (row == row_) return;
    row_ = row;
    values_.assign(columns.size() * kChannels, 0.0f);
    if (row < 0) return;
    const auto* from = image.ptr<Value>(row);
    float* to = values_.data();
    for (const Pair& column : columns) {
      const Value* low = column.low < 0 ? kBlack<Value> : from + kChannels * column.low;
      const Value* high = column.high < 0 ? kBlack<Value> : from + kChannels * column.high;
      for (int c = 0; c < kChannels; ++c)
        to[c] = static_cast<float>(low[c]) + static_cast<float>(high[c] - low[c]) * column.fraction;
      to += kChannels;
    }
  }
  const float* values() const { return values_.data(); }
  int row() const { return row_; }

 private:
  int row_ = -2;
  std::vector<float> values_;
};

template <class Value, int kChannels>
void resize_bilinear(const cv::Mat& image, const SourceAxis& vertical, const SourceAxis& horizontal, cv::Mat& out) {
  const auto rows = bilinear_pairs(vertical);
  const auto columns = bilinear_pairs(horizontal);
  BilinearRow<Value, kChannels> low, high;
  for (int y = 0; y < out.rows; ++y) {
    const Pair& row = rows[static_cast<size_t>(y)];
    if (high.row() == row.low) std::swap(low, high);
    low.compute(image, row.low, columns);
    high.compute(image, row.high, columns);
    auto* to = out.ptr<Value>(y);
    for (size_t i = 0; i < columns.size() * kChannels; ++i) {
      const float value = low.values()[i] + (high.values()[i] - low.values()[i]) * row.fraction;
      to[i] = static_cast<Value>(value + 0.5f);  // NOLINT(bugprone-incorrect-roundings): not negative
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
Taps within_photo(int first, const std::vector<double>& weights, const SourceAxis& axis) {
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

std::vector<Taps> kernel_taps(const SourceAxis& axis, const Kernel& kernel) {
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

std::vector<Taps> area_taps(const SourceAxis& axis) {
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

// `from` holds a row as float and one value more; of three channels four at a time (the fourth is the next pixel's
// first) fill a vector register.
template <int kChannels>
void resample_row(const float* from, const std::vector<Taps>& columns, float* to) {
  for (const Taps& taps : columns) {
    constexpr int kAtOnce = kChannels == 3 ? 4 : kChannels;
    const float* pixel = from + kChannels * static_cast<size_t>(taps.first);
    float sums[kAtOnce] = {};
    for (const float weight : taps.weights) {
      for (int c = 0; c < kAtOnce; ++c) sums[c] += weight * pixel[c];
      pixel += kChannels;
    }
    for (int c = 0; c < kChannels; ++c) *to++ = sums[c];
  }
}

// Every needed row of the photo is resampled once and added to the output rows that it is part of.
template <class Value, int kChannels>
void resize_by_taps(const cv::Mat& image, const std::vector<Taps>& rows, const std::vector<Taps>& columns,
                    cv::Mat& out) {
  constexpr float kWhite = std::numeric_limits<Value>::max();
  const size_t row_values = columns.size() * kChannels;
  std::vector<float> row(row_values), sums(rows.size() * row_values, 0.0f);
  std::vector<float> values(static_cast<size_t>(image.cols) * kChannels + 1, 0.0f);
  size_t oldest = 0;  // rows before it are complete: both ends of the taps only move down
  for (int y = 0; y < image.rows; ++y) {
    const auto ended = [&](const Taps& taps) { return taps.first + static_cast<int>(taps.weights.size()) <= y; };
    while (oldest < rows.size() && (rows[oldest].weights.empty() || ended(rows[oldest]))) ++oldest;
    bool resampled = false;
    for (size_t i = oldest; i < rows.size() && (rows[i].weights.empty() || rows[i].first <= y); ++i) {
      if (ended(rows[i]) || rows[i].weights.empty()) continue;
      if (!resampled) {
        std::copy_n(image.ptr<Value>(y), values.size() - 1, values.begin());
        resample_row<kChannels>(values.data(), columns, row.data());
        resampled = true;
      }
      const float weight = rows[i].weights[static_cast<size_t>(y - rows[i].first)];
      float* sum = sums.data() + i * row_values;
      for (size_t k = 0; k < row_values; ++k) sum[k] += weight * row[k];
    }
  }
  for (int y = 0; y < out.rows; ++y) {
    const float* sum = sums.data() + static_cast<size_t>(y) * row_values;
    auto* to = out.ptr<Value>(y);
    for (size_t k = 0; k < row_values; ++k) to[k] = static_cast<Value>(std::clamp(sum[k] + 0.5f, 0.0f, kWhite));
  }
}

template <class Value, int kChannels>
void resample_values(const cv::Mat& image, const SourceAxis& vertical, const SourceAxis& horizontal,
                     const std::string& interpolation, cv::Mat& out) {
  const auto by_taps = [&](const std::vector<Taps>& rows, const std::vector<Taps>& columns) {
    resize_by_taps<Value, kChannels>(image, rows, columns, out);
  };
  if (interpolation == "nearest") return resize_nearest<Value, kChannels>(image, vertical, horizontal, out);
  if (interpolation == "bilinear") return resize_bilinear<Value, kChannels>(image, vertical, horizontal, out);
  if (interpolation == "area") return by_taps(area_taps(vertical), area_taps(horizontal));
  std::vector<std::string> words{"nearest", "bilinear", "area"};
  for (const Kernel& kernel : kKernels) {
    if (interpolation == kernel.name) return by_taps(kernel_taps(vertical, kernel), kernel_taps(horizontal, kernel));
    words.emplace_back(kernel.name);
  }
  throw UsageError("interpolation: " + unknown_word("value", interpolation, words));
}

}  // namespace

void resample(const cv::Mat& image, const SourceAxis& vertical, const SourceAxis& horizontal,
              const std::string& interpolation, cv::Mat& out) {
  auto* resampled = image.channels() == 1 ? resample_values<uint8_t, 1> : resample_values<uint8_t, 3>;
  if (image.depth() == CV_16U)
    resampled = image.channels() == 1 ? resample_values<uint16_t, 1> : resample_values<uint16_t, 3>;
  resampled(image, vertical, horizontal, interpolation, out);
}

}  // namespace cvtool
