// Pictures that are shipped one a row of a large one (a sprite, as TensorFlow.js data sets use them), with their
// labels in a JSON list -> FOLDER/CLASS/NAME.png.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "spec/datatools_options.h"

namespace cvtool {

struct SpriteFiles {
  std::vector<std::string> sheets;  // image files, in the order of the labels
  std::string labels;               // JSON file: a list of whole numbers, one a picture
  std::string folder;               // where the class folders are made
};

struct SpriteResult {
  int64_t written = 0, there = 0;    // files written now; found as they would be written
  int64_t passed_over = 0;           // pictures whose label is of no class
  int64_t labels_left = 0;           // labels without a picture: sheets that were not named
  std::vector<std::string> classes;  // in the order of the options, or of the labels
  std::vector<int64_t> counts;       // pictures of each class
};

// Each row of a sheet holds the pixels of one picture, row by row. Pictures become PNG files named after their
// sheet and row. What is there is never overwritten: a file of that name with other content is a DataError.
// `progress` may end the work by throwing. Throws UsageError on options that make no sense, DataError naming the
// file that does not fit, Error when a file cannot be written.
SpriteResult unpack_sprites(const SpriteFiles& files, const SpriteOptions& options,
                            const std::function<void(int64_t done, int64_t total)>& progress = {});

}  // namespace cvtool
