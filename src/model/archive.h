// The zip container of a model file. LibTorch reads it without looking at the checksums.
#pragma once

#include <string>

namespace cvtool {

// Throws Error starting with `path` unless `bytes` is a whole zip archive whose every entry matches its
// checksum.
void check_archive(const std::string& path, const std::string& bytes);

}  // namespace cvtool
