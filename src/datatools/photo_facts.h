// What is known of a photo after one look at it: enough for checking and counting, small enough for 100,000
// of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/decode/image_format.h"
#include "data/image.h"
#include "data/pixel_cache.h"

namespace cvtool {

constexpr int kThumbnailSide = 16;

struct PhotoFacts {
  std::string unreadable;  // why it cannot be read; the rest is empty then
  std::string damage;      // what of it could not be decoded
  ImageFormat format = ImageFormat::kUnknown;
  int64_t height = 0, width = 0;                                         // upright
  ContentHash pixels;                                                    // of size and RGB pixels
  uint64_t perceptual = 0;                                               // see perceptual_hash
  std::array<uint8_t, kThumbnailSide * kThumbnailSide * 3> thumbnail{};  // RGB
  std::array<double, 3> mean{}, mean_square{};                           // of the channels' pixels, 0..255
  double brightness = 0, contrast = 0;                                   // mean and standard deviation of grey, 0..255
  // Where they were asked for: the mean of HSV's S, 0..255, and the standard deviation of the Laplacian of grey, both
  // of the photo brought to 256 x 256: fine structure as far as a net sees it, whatever the camera's pixels.
  double saturation = 0, sharpness = 0;
};

// 64 bits: which of the 64 lowest frequencies (of a 32 x 32 grey copy's DCT) but the mean lie above their
// median. Photos that differ in size and compression alone differ in few bits.
uint64_t perceptual_hash(const cv::Mat& rgb);

// Never throws for a bad photo. `structure`: saturation and sharpness too, which take as long as a small photo does.
// `histogram`, when given, gets 256 counts of each channel, summing to 1 a channel.
PhotoFacts photo_facts(const std::string& path, const DecodeOptions& options, bool structure = false,
                       std::array<double, 768>* histogram = nullptr);

struct ExamineOptions {
  DecodeOptions decode;
  int64_t workers = 0;  // 0: one per core
  std::function<void(int64_t done, int64_t total)> progress;
  std::function<bool(size_t index)> structure{};  // of which photos; empty: of none
};

// The facts of every file, in order, by several threads; at most one decoded photo a thread is in memory.
std::vector<PhotoFacts> examine(const std::vector<std::string>& paths, const ExamineOptions& options,
                                std::array<double, 768>* histogram = nullptr);

}  // namespace cvtool
