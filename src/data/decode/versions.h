// Which libraries decode photos: another version may give other pixels.
#pragma once

#include <string>

#include "base/fields.h"

namespace cvtool {

// Name -> version of each: "jpeg", "png", "gif", "webp", "tiff", "heif", "opencv".
Keyed<std::string> decoder_list();

// "jpeg 62, png 1.6.39, ...".
std::string decoder_versions();

// A text that changes with each of their files on this machine too: path, size and time, since an update of a
// distribution may leave the version as it was.
std::string decoder_files();

}  // namespace cvtool
