// What a folder's disk gives.
#pragma once

#include <cstdint>
#include <string>

namespace cvtool {

// Bytes that a user may still take in the folder, or in the nearest one above it that is there; -1 where unknown.
int64_t free_disk_bytes(const std::string& folder);

// Whether this process may make files in the folder, or make the folder in the nearest one above it that is there.
// Leaves nothing there.
bool is_writable(const std::string& folder);

}  // namespace cvtool
