// What a classifier's last dense layer reads, given out beside what it says.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace cvtool {

// `fast` is of fast_module, its forward gives logits [N,units]. From now on it gives [N,units + F]: the logits as
// before, then the F features that the last dense layer reads. Nothing changes where no dense layer gives the logits.
void tap_features(torch::jit::Module& fast);

// How many of the columns that forward gives are logits, the others being features; 0: there are none but logits.
int64_t tapped_units(const torch::jit::Module& fast);

}  // namespace cvtool
