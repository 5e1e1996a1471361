// What a history says to people.
#pragma once

#include <string>
#include <vector>

#include "base/observer.h"

namespace cvtool {

// A warning when the last five epochs have done no better than always naming the largest class, whose share of the
// training photos is `majority`; given once, in the fifth such epoch. Empty: nothing to say.
std::string learned_nothing(const std::vector<EpochReport>& history, double majority);

// A note when the curves have parted: at the end training is far better than validation. Empty: nothing to say.
std::string overfitting(const std::vector<EpochReport>& history);

}  // namespace cvtool
