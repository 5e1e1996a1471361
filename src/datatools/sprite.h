// Pictures that are shipped one to a row of a large one (a sprite, as TensorFlow.js data sets use them), with their
// labels in a JSON list -> FOLDER/CLASS/NAME.png.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "spec/data_results.h"
#include "spec/datatools_options.h"

namespace cvtool {

struct SpriteFiles {
  std::vector<std::string> sheets;  // image files, in the order of the labels
  std::string labels;               // JSON file: a list of integers, one per picture
  std::string folder;               // where the class folders are made
};

// Each row of a sheet holds the pixels of one picture, row by row. Pictures become PNG files named after their
// sheet and row. What is there is never overwritten: a file of that name with other content is a DataError.
// `progress` may end the work by throwing. Throws UsageError on options that make no sense, DataError naming the
// file that does not fit, Error when a file cannot be written.
UnpackResult unpack_sprites(const SpriteFiles& files, const SpriteOptions& options,
                            const std::function<void(int64_t done, int64_t total)>& progress = {});

}  // namespace cvtool
