// A part of the training photos held back, to compare ways to train on photos that they have not seen.
#pragma once

#include "data/loader.h"

namespace cvtool {

struct HeldBackRows {
  std::vector<size_t> fit, check;  // rows of the store, ascending
};

constexpr size_t kHeldBackParts = 5;

// A fifth of each class in `check`, chosen by a hash of the photo's content, so that exact copies stay on one side:
// part `part` of 0..kHeldBackParts-1, which together hold each photo once. `max_fit` > 0 limits `fit` to about so many
// photos, each class by its share.
HeldBackRows held_back(const PhotoStore& store, uint64_t seed, int64_t max_fit = 0, size_t part = 0);

// About `count` rows of the store, each class by its share, chosen by content; all of them where there are not more.
std::vector<size_t> some_rows(const PhotoStore& store, uint64_t seed, int64_t count);

}  // namespace cvtool
