// Results of a GPU that are the same each time.
#pragma once

namespace cvtool {

// Before the GPU is first used: each operation takes the kernel that adds in a fixed order, and float32 is float32,
// whatever the environment says. An operation that has no such kernel is named by a warning in the calling thread,
// once. Idempotent.
void make_gpu_repeatable();

}  // namespace cvtool
