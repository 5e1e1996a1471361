// Counting what there is: classes, splits, sizes, colours.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "datatools/photo_facts.h"

namespace cvtool {

struct SplitStats {
  std::string split;  // "train", "valid", "test"
  int64_t photos = 0;
  std::vector<int64_t> counts;  // of each class, as Dataset::classes
  // The accuracy of always answering with the class that is most frequent in train (in this split where there
  // is no train): what a model must beat.
  double majority_baseline = 0;
};

// Of the readable photos.
struct Range {
  int64_t least = 0, median = 0, most = 0;
};

struct DataStats {
  std::string layout;
  std::vector<std::string> classes;
  std::vector<SplitStats> splits;  // those with photos
  int64_t readable = 0, unreadable = 0;
  Range width, height;  // pixels, upright
  // RGB, 0..255: mean over photos of each photo's mean; standard deviation of a pixel of a random photo.
  std::array<double, 3> mean{}, deviation{};
  std::array<std::array<double, 256>, 3> histogram{};  // share of each value, mean over photos; RGB
  std::vector<std::array<int64_t, 2>> sizes;           // width and height of each photo
  std::vector<std::string> notes;
};

// Decodes every photo once, by several threads.
DataStats count_dataset(const Dataset& dataset, const ExamineOptions& options);

// Everything but the list of sizes.
Json json_from_stats(const DataStats& stats);

// Three panels: photos a class, widths and heights, values of the channels. RGB.
cv::Mat stats_picture(const DataStats& stats);

}  // namespace cvtool
