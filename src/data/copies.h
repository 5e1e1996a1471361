// Photos that are equal byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

// The file's length in bytes; 0 for what cannot be compared.
int64_t length_of(const std::string& path);

// For each sample the index of the first one, in the order of the paths, whose file is equal to its own: itself where
// there is none. Only files of equal length are opened, and of those only a part unless that is equal too. A file that
// cannot be read, or is no image, equals no other. Of several processes, which have the same list, each opens its
// share.
std::vector<size_t> first_copies(const std::string& root, const std::vector<Sample>& samples,
                                 const SharedReading& shared = {});

}  // namespace cvtool
