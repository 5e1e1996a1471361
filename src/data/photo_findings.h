// What reading a photo for the first time shows.
#pragma once

#include <string>
#include <vector>

#include "data/pixel_cache.h"
#include "data/shared_reading.h"

namespace cvtool {

struct ScannedPhoto {
  ContentHash content;     // of its file
  std::string unreadable;  // why it cannot be used; empty where it can
  std::string damage;      // what of it could not be decoded; empty where all could
};

// Each process has found out about its own photos of a list that is the same for all; then all know of all.
void share_findings(const SharedReading& shared, std::vector<ScannedPhoto>& of_all);

}  // namespace cvtool
