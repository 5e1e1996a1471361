// Photos that are the same: to the pixel, or but for size and compression. Internal to data/.
#pragma once

#include <cstddef>
#include <vector>

#include "datatools/photo_facts.h"

namespace cvtool {

// Indices of photos that belong together, each group ascending, groups by their first index.
using Groups = std::vector<std::vector<size_t>>;

// Groups of two and more whose pixels are equal.
Groups exact_duplicates(const std::vector<PhotoFacts>& facts);

// Groups of two and more that look alike but are not all equal to the pixel: perceptual hashes at most
// kMostBits apart and thumbnails at most kMostDifference. Plain pictures are left out: they all look alike.
Groups near_duplicates(const std::vector<PhotoFacts>& facts);

}  // namespace cvtool
