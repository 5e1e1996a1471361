// Resampling of pictures of whole numbers. Every interpolation is separable: an output row or column is a weighted sum
// of input rows or columns.
#pragma once

#include <opencv2/core.hpp>
#include <string>

namespace cvtool {

// One axis: `source` pixels of the photo, of which [offset, offset + length) are covered; length exceeds
// source where the photo is padded. They become `target` pixels.
struct SourceAxis {
  int source;
  int offset;  // negative: so many black pixels before the photo
  int length;
  int target;
  float scale() const { return static_cast<float>(length) / static_cast<float>(target); }
};

// `image` CV_8U or CV_16U of 3 channels or 1 -> `out`, the same of vertical.target x horizontal.target, allocated.
// Throws UsageError for an unknown interpolation.
void resample(const cv::Mat& image, const SourceAxis& vertical, const SourceAxis& horizontal,
              const std::string& interpolation, cv::Mat& out);

}  // namespace cvtool
