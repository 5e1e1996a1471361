// What data says of itself beside its photos and classes, and what was held out of it, for those who look at the data.
#pragma once

#include "data/groups.h"

namespace cvtool {

struct DataOrigin {
  GroupsByPath groups;
  double valid_fraction = 0, test_fraction = 0;  // that were held out; 0: the data says which photos, or there are none
};

// find_photos, which tells of them too.
Dataset find_photos(const std::string& path, const DataConfig& config, uint64_t seed, DataOrigin& origin);

}  // namespace cvtool
