// Trainings step by step, tried: how long they take, and what they gain on photos held back.
#pragma once

#include <optional>

#include "search/context.h"
#include "search/trial.h"

namespace cvtool {

struct TriedTraining {
  Way way;             // with the epochs of the whole training, and its size
  PhotoScores scores;  // after short ones, of the rows_held_back
};

// How many fifths of so many photos are held back, one after the other: one of few photos says little.
size_t trials_for(int64_t photos);

// The rows of the store that are held back in trials, in their order.
std::vector<size_t> rows_held_back(const PhotoStore& store, uint64_t seed);

// Tries the way on the context's photos for a part of the epochs that it would get. Nothing, with a line, where the
// minutes do not allow it; a smaller input is taken where that makes it fit and the user has asked for no size.
std::optional<TriedTraining> try_training(SearchContext& context, Way way);

// As many epochs as photos of that number are worth, of a training from scratch or behind a backbone.
int64_t epochs_worth(const Way& way, int64_t photos);

}  // namespace cvtool
