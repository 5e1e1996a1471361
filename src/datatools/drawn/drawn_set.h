// A drawn Car-or-Truck set: a stand-in for photos where there are none, made on the spot. Pictures are a pure
// function of (seed, split, class, index): the same bytes on the same machine, whatever the number of
// threads.
#pragma once

#include <cstdint>
#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>

#include "spec/data_results.h"
#include "spec/datatools_options.h"

namespace cvtool {

struct DrawnPicture {
  std::string split;       // "train", "valid" or "test"
  std::string class_name;  // "Car" or "Truck"
  int64_t index = 0;       // from 1, as in the file's name
};

// One picture of options.size, CV_8UC3, RGB.
cv::Mat draw_picture(const DrawnSetOptions& options, const DrawnPicture& picture);

// Called from the thread that called write_drawn_set, about ten times a second; may stop the work by
// throwing.
using DrawProgress = std::function<void(int64_t done, int64_t total)>;

// Writes FOLDER/{train,valid,test}/{Car,Truck}/car_00001.jpg ... (JPEG, quality 90) with one thread a core,
// and FOLDER/drawn.json with the options. A folder that an earlier run with the same options made is
// completed, and left alone where it is complete. Throws UsageError, before anything is written, for a folder
// that holds something else or was drawn with other options; Error when a file cannot be written.
SampleResult write_drawn_set(const std::string& folder, const DrawnSetOptions& options,
                             const DrawProgress& progress = {}, int64_t workers = 0);

}  // namespace cvtool
