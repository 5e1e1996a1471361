// An order of an epoch in which every class comes equally often.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

// As many indices as there are samples, the same number of each class that has any (one more of the first ones where it
// does not divide). A class gives each of its samples once before it gives one again; which ones come more often
// changes from epoch to epoch. Depends on (seed, epoch, sample ids) alone.
std::vector<size_t> balanced(const std::vector<Sample>& samples, uint64_t seed, uint64_t epoch);

}  // namespace cvtool
