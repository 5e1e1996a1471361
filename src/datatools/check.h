// Looking for what is wrong with a set of photos before it is trained on; photos that are the same, to the pixel or but
// for size and compression.
#pragma once

#include <cstddef>
#include <vector>

#include "data/data_origin.h"
#include "datatools/photo_facts.h"
#include "datatools/split_support.h"
#include "spec/data_results.h"

namespace cvtool {

// Indices of photos that belong together, each group ascending, groups by their first index.
using Groups = std::vector<std::vector<size_t>>;

// Groups of two and more whose pixels are equal.
Groups exact_duplicates(const std::vector<PhotoFacts>& facts);

// Groups of two and more that look alike but are not all equal to the pixel: perceptual hashes at most
// kMostBits apart and thumbnails at most kMostDifference. Plain pictures are left out: they all look alike.
Groups near_duplicates(const std::vector<PhotoFacts>& facts);

// From where on a photo or a set is worth a word.
struct CheckLimits {
  int64_t tiny_px = 24;              // shorter side below it
  int64_t huge_pixels = 50'000'000;  // more
  double aspect = 4;                 // longer side / shorter side above it
  double blank_contrast = 2;         // standard deviation of grey (0..255) below it
  double dark = 20, bright = 240;    // mean of grey (0..255) below, above
};

struct CheckPlan {
  ExamineOptions examine;  // its `structure` is passed over
  uint64_t seed = 42;      // of the choice of photos that are compared
  DataOrigin origin{};
  FeaturesOf features{};  // by which splits are compared; empty: by their looks
};

// Decodes every photo once, by several threads.
CheckReport check_dataset(const Dataset& dataset, const CheckPlan& plan, const CheckLimits& limits = {});

// The table for people.
std::vector<CheckLine> check_lines(const CheckReport& report);

}  // namespace cvtool
