// Which files have been checked before, so that predict does it once per file.
#pragma once

#include <string>

namespace cvtool {

// True when the file at `path`, with its size, inode and times of change, was verified_files by this version of cvtool.
bool is_verified(const std::string& path);

// Notes the file in the user's cache folder, for the last 1,000 files. A cache that cannot be written is not an error.
void remember_verified(const std::string& path);

}  // namespace cvtool
