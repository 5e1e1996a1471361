// Feature extraction on one picture, as textbooks show it: filter (convolution), detect (activation), condense (max
// pooling).
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

#include "report/canvas.h"
#include "spec/extraction_options.h"

namespace cvtool {

// Each [H,W] f32.
struct Extraction {
  at::Tensor input, filtered, detected, condensed;
};

// CV_8UC3 RGB -> [H,W] f32 in 0..1: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
at::Tensor grey_from_image(const cv::Mat& rgb);

// Runs the picture [H,W] f32 through the layer kinds conv2d, activation and max_pool2d, as in a model: the kernel is
// not turned round. Throws UsageError when a window does not fit the picture.
Extraction extract_feature(const at::Tensor& grey, const Kernel& kernel, const ExtractionOptions& options);

// The picture of a feature extraction.

// The kernel with its numbers, then the panels Input, Filter, Detect and Condense with their sizes and the values that
// are black and white. `title` stands above.
std::unique_ptr<Canvas> extraction_picture(const std::string& title, const Extraction& extraction, const Kernel& kernel,
                                           const ExtractionOptions& options);

}  // namespace cvtool
