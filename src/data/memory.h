// How much memory a process may still take.
#pragma once

#include <cstdint>
#include <string>

namespace cvtool {

// Bytes that can be taken without swapping: what the kernel calls available, or what the limit of a cgroup
// (version 1 or 2) above the process leaves, whichever is less. 1 GiB where nothing can be found out.
// `root` is put before /proc and /sys (for tests).
int64_t free_memory_bytes(const std::string& root = "");

// Bytes of anonymous memory that the process has resident (RssAnon of /proc/self/status); 0 where unknown.
int64_t anonymous_memory_bytes();

}  // namespace cvtool
