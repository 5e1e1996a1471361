// Which files have been checked before, so that predict does it once a file.
#pragma once

#include <string>

namespace cvtool {

// True when the file at `path`, with its size, inode and times of change, was remembered by this version of cvtool.
bool is_remembered(const std::string& path);

// Notes the file in the user's cache folder, for the last 1,000 files. A cache that cannot be written is no error.
void remember(const std::string& path);

}  // namespace cvtool
