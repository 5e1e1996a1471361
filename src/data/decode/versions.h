// Which libraries decode photos: another version may give other pixels.
#pragma once

#include <string>

namespace cvtool {

// A text that changes with each of them: their versions, and path, size and time of the files that they were loaded
// from, since an update of a distribution may leave the version as it was.
std::string decoder_versions();

}  // namespace cvtool
