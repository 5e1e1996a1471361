// The zip container of a model file. LibTorch reads it without looking at the checksums.
#pragma once

#include <string>

namespace cvtool {

// Throws Error starting with `path` and ending with `next_step` unless `bytes` is a whole zip archive whose every
// entry matches its checksum.
void check_archive(const std::string& path, const std::string& bytes, const std::string& next_step);

// The content of the entry whose name ends in `name`; "" when the file is no zip archive or holds no such entry.
std::string text_in_archive(const std::string& path, const std::string& name);

// SHA-256 (hex) over the names and contents of the archive's entries but the one named `but`; names count without the
// top folder, and their order does not. `bytes` is a whole archive.
std::string archive_digest(const std::string& bytes, const std::string& but);

}  // namespace cvtool
