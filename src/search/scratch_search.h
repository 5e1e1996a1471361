// From scratch: how large the input, how long, and whether mirror images are of the same class.
#pragma once

#include "search/context.h"

namespace cvtool {

// The way from scratch that fits the photos, with as many epochs as they are worth.
Way scratch_way(SearchContext& context, bool mirrored);

// The same, with short trainings that decide whether photos are mirrored, and epochs that fit into the minutes.
Way search_from_scratch(SearchContext& context);

}  // namespace cvtool
