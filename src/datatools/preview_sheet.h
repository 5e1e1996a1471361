// A sheet of small photos with their labels, to look at a data set with one's own eyes.
#pragma once

#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>

#include "data/dataset.h"
#include "data/image.h"

namespace cvtool {

struct SheetOptions {
  int64_t rows = 8, cols = 8;
  int64_t per_class = 0;        // above 0: so many of each class, class by class, with as many rows as that needs
  std::string split = "train";  // "train", "valid" or "test"
  int64_t photo_px = 128;       // side of a photo's square
  uint64_t seed = 0;            // which photos
  int64_t workers = 0;          // 0: one per core
  DecodeOptions decode;
  std::function<void(int64_t done, int64_t total)> progress;  // may end the work by throwing
};

// RGB. Photos are drawn at random from the split, the same for the same seed, and fitted into their squares
// whole; one that cannot be read is a grey square that says so. Throws DataError when the split is empty,
// UsageError when the sheet would be larger than 100 million pixels.
cv::Mat preview_sheet(const Dataset& dataset, const SheetOptions& options);

}  // namespace cvtool
