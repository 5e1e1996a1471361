// How large the photos of a data set are.
#pragma once

#include "data/loader.h"

namespace cvtool {

// The median of the shorter sides of some of the photos, in pixels; 0 where none can be read.
int64_t typical_side(const std::string& root, const std::vector<Sample>& samples, const DecodeOptions& options);

}  // namespace cvtool
