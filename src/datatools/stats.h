// Counting what there is: classes, splits, sizes, colours.
#pragma once

#include "data/dataset.h"
#include "datatools/photo_facts.h"
#include "spec/data_results.h"

namespace cvtool {

// Decodes every photo once, by several threads.
DataStats count_dataset(const Dataset& dataset, const ExamineOptions& options);

// Three panels: photos per class, widths and heights, values of the channels. RGB.
cv::Mat stats_picture(const DataStats& stats);

}  // namespace cvtool
