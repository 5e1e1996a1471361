// One loop over many items by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace cvtool {

// Calls work(i) for i in 0 .. count-1 from `workers` threads (0: one per core), each taking the next i that is free.
// The calling thread calls progress(done, count) about ten times a second and once at the end. An exception of work or
// progress stops the loop and is thrown again here.
void for_each_parallel(size_t count, int64_t workers, const std::function<void(size_t)>& work,
                       const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace cvtool
