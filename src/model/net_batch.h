// How many photos a net is given at a time on a processor.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace cvtool {

// Photos of a batch: weights are read from memory once for all of them, and what lies between two layers stays in the
// processor's cache. One photo that is asked for alone pays for a whole batch, so it is small.
constexpr int64_t kPhotosAtOnce = 4;

// The rows of every batch that is given to a module of fast_module, so that a photo's numbers depend on it alone:
// `most`, or 1 for a net with functions whose last bit depends on the place of a value in its batch, or with attention.
int64_t batch_rows(const torch::jit::Module& fast, int64_t most = kPhotosAtOnce);

}  // namespace cvtool
