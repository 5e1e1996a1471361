#include "datatools/photo_facts.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/parallel.h"

namespace cvtool {
namespace {

constexpr int kHashSide = 32, kFrequencies = 8, kSharpnessSide = 256;

ContentHash pixel_hash(const cv::Mat& rgb) {
  // One hash of the rows, which need not lie one behind the other, and of the size.
  std::vector<ContentHash> rows;
  for (int y = 0; y < rgb.rows; ++y) rows.push_back(content_hash(rgb.ptr(y), static_cast<size_t>(rgb.cols) * 3));
  rows.push_back({static_cast<uint64_t>(rgb.rows), static_cast<uint64_t>(rgb.cols)});
  return content_hash(rows.data(), rows.size() * sizeof(ContentHash));
}

void measure_light(const cv::Mat& rgb, PhotoFacts& facts) {
  cv::Scalar mean, deviation;
  cv::meanStdDev(rgb, mean, deviation);
  for (int c = 0; c < 3; ++c) {
    facts.mean[static_cast<size_t>(c)] = mean[c];
    facts.mean_square[static_cast<size_t>(c)] = mean[c] * mean[c] + deviation[c] * deviation[c];
  }
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::meanStdDev(grey, mean, deviation);
  facts.brightness = mean[0];
  facts.contrast = deviation[0];
}

void measure_structure(const cv::Mat& rgb, PhotoFacts& facts) {
  cv::Mat small, hsv, grey, edges;
  const bool shrinks = rgb.cols >= kSharpnessSide && rgb.rows >= kSharpnessSide;
  cv::resize(rgb, small, {kSharpnessSide, kSharpnessSide}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::cvtColor(small, hsv, cv::COLOR_RGB2HSV);
  facts.saturation = cv::mean(hsv)[1];
  cv::cvtColor(small, grey, cv::COLOR_RGB2GRAY);
  cv::Laplacian(grey, edges, CV_16S);
  cv::Scalar mean, deviation;
  cv::meanStdDev(edges, mean, deviation);
  facts.sharpness = deviation[0];
}

void count_values(const cv::Mat& rgb, std::array<double, 768>& histogram) {
  std::array<int64_t, 768> counts{};
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* pixel = rgb.ptr<uint8_t>(y);
    for (int x = 0; x < rgb.cols; ++x, pixel += 3)
      for (size_t c = 0; c < 3; ++c) ++counts[256 * c + pixel[c]];
  }
  const double all = static_cast<double>(rgb.total());
  for (size_t i = 0; i < counts.size(); ++i) histogram[i] = static_cast<double>(counts[i]) / all;
}

PhotoFacts facts_of_bytes(const std::string& bytes, const DecodeOptions& options, bool structure,
                          std::array<double, 768>* histogram) {
  PhotoFacts facts;
  const cv::Mat rgb = decode_image(bytes, options, &facts.damage);
  facts.format = image_format(bytes);
  facts.height = rgb.rows;
  facts.width = rgb.cols;
  facts.pixels = pixel_hash(rgb);
  facts.perceptual = perceptual_hash(rgb);
  cv::Mat thumbnail(kThumbnailSide, kThumbnailSide, CV_8UC3, facts.thumbnail.data());
  cv::resize(rgb, thumbnail, thumbnail.size(), 0, 0, cv::INTER_AREA);
  measure_light(rgb, facts);
  if (structure) measure_structure(rgb, facts);
  if (histogram) count_values(rgb, *histogram);
  return facts;
}

}  // namespace

uint64_t perceptual_hash(const cv::Mat& rgb) {
  cv::Mat small, grey, frequencies;
  cv::resize(rgb, small, {kHashSide, kHashSide}, 0, 0, cv::INTER_AREA);
  cv::cvtColor(small, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(grey, CV_32F);
  cv::dct(grey, frequencies);
  std::vector<float> values;
  for (int y = 0; y < kFrequencies; ++y)
    for (int x = 0; x < kFrequencies; ++x) values.push_back(frequencies.at<float>(y, x));
  values[0] = frequencies.at<float>(kFrequencies, kFrequencies);  // the mean says nothing about the picture
  std::vector<float> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + 32, sorted.end());
  uint64_t hash = 0;
  for (size_t i = 0; i < values.size(); ++i) hash |= static_cast<uint64_t>(values[i] >= sorted[32]) << i;
  return hash;
}

PhotoFacts photo_facts(const std::string& path, const DecodeOptions& options, bool structure,
                       std::array<double, 768>* histogram) {
  PhotoFacts facts;
  try {
    return facts_of_bytes(read_photo_file(path), options, structure, histogram);
  } catch (const DataError& error) {
    facts.unreadable = error.what();
  } catch (const cv::Exception& error) {
    facts.unreadable = "cannot be decoded: " + error.err;
  } catch (const std::bad_alloc&) {
    facts.unreadable = "cannot be decoded: not enough memory";
  }
  return facts;
}

std::vector<PhotoFacts> examine(const std::vector<std::string>& paths, const ExamineOptions& options,
                                std::array<double, 768>* histogram) {
  std::vector<PhotoFacts> facts(paths.size());
  std::mutex mutex;
  const auto look = [&](size_t i) {
    std::array<double, 768> own{};
    const bool structure = options.structure && options.structure(i);
    facts[i] = photo_facts(paths[i], options.decode, structure, histogram ? &own : nullptr);
    if (!histogram) return;
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t k = 0; k < own.size(); ++k) (*histogram)[k] += own[k];
  };
  for_each_parallel(paths.size(), options.workers, look, options.progress);
  return facts;
}

}  // namespace cvtool
