// Which photos are held out for validation and testing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

struct HeldBack {
  std::vector<Sample> rest, valid, test, calibration;  // in the order of the input
};

// Each photo draws u in [0, 1) from (seed, purpose, its id): u < valid is validation, u < valid + test is
// test, below that plus `calibration` is for calibration, the rest stays. So the split is stratified up to chance, and
// adding a photo moves no other one; a larger fraction only adds to the held-out ones. A class so small that a wanted
// part got none of it gives that part the photo whose draw is nearest: the rest first, then valid, then test (never
// calibration, whose photos must be drawn by chance alone). Only there can a photo move when another one is added.
// Copies of a photo (`first`, as first_copies gives it; empty: there are none) go where the first of them goes, in
// whatever class they are.
struct HoldOutPlan {
  double valid = 0, test = 0;  // fractions
  uint64_t seed = 0;
  std::vector<size_t> first{};
  double calibration = 0;  // a fraction
};
HeldBack hold_out(const std::vector<Sample>& samples, const HoldOutPlan& plan);

}  // namespace cvtool
