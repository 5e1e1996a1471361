// What this process may take of the machine: memory, cores and threads. The limits of containers count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cvtool {

// In all of these, `root` is put before /proc and /sys (for tests).

// Bytes that can be taken without swapping: what the kernel calls available, or what the limit of a cgroup
// (version 1 or 2) above the process leaves, whichever is less. 1 GiB where nothing can be found out.
int64_t free_memory_bytes(const std::string& root = "");

// Bytes of memory of the machine; 0 where nothing can be found out.
int64_t memory_total_bytes(const std::string& root = "");
// Bytes that a cgroup above the process lets it have together with others; none: no limit.
std::optional<int64_t> memory_limit_bytes(const std::string& root = "");

// Cores of the machine that are switched on, and those of them that the process may run on.
size_t machine_cores();
size_t allowed_cores();
// The processor time that a cgroup above the process allows, in cores ("1.5"); none: no quota.
std::optional<double> core_quota(const std::string& root = "");
// Cores that the process keeps busy at most, at least 1: those that it may run on, or the processor time that a cgroup
// (version 1 or 2) above it allows, rounded up, whichever is less.
size_t usable_cores(const std::string& root = "");

// How many processes wanted to run at once, on average of the last minute; none where the kernel does not say.
std::optional<double> load_average(const std::string& root = "");

// How many of `wanted` more threads the system lets this process have at this moment. Starts and ends them.
size_t startable_threads(size_t wanted);

// How many of `wanted` more threads one part of the program may start: no more than a quarter of what the system gives,
// so that the others (readers, and the teams of OpenMP, which end the program when one cannot start) come to theirs.
size_t affordable_threads(size_t wanted);

}  // namespace cvtool
