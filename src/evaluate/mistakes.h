// The photos that a model is most sure about and wrong.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "data/image.h"
#include "evaluate/outputs.h"

namespace cvtool {

struct Mistake {
  std::string path;  // as Outputs::paths
  int64_t label = 0, predicted = 0;
  double confidence = 0;  // probability of the predicted class
};

// At most `count`, most confident first, of equals the first path. `predicted` as predicted_classes gives it.
std::vector<Mistake> confident_mistakes(const Outputs& outputs, const std::vector<int64_t>& predicted, size_t count);

// The photo of a file, CV_8UC3 RGB, its longer side at most `side_px`; empty when it cannot be read any more.
cv::Mat thumbnail(const std::string& path, const DecodeOptions& decode, int side_px);

}  // namespace cvtool
