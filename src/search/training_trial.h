// Trainings step by step, tried: how long they take, and what they gain on photos held back.
#pragma once

#include <optional>

#include "search/context.h"
#include "search/trial.h"

namespace cvtool {

struct TriedTraining {
  Way way;             // with the epochs of the whole training, and its size
  PhotoScores scores;  // of the rows_held_back, after trainings without them: of the first, as far as it was tried
  double images_per_second = 0;  // of training
};

// How many fifths of so many photos are held back at least, one after the other: one of few photos says little.
size_t trials_for(int64_t photos);

// The rows of the store in the order in which trials hold them back.
std::vector<size_t> rows_held_back(const PhotoStore& store, uint64_t seed);

enum class TrialLength {
  kBrief,  // a fraction of the training: enough to compare two ways that learn alike
  kWhole,  // as many epochs as the training: what is said of it is what it will give
};

struct TrialGoal {
  Way way;
  TrialLength length = TrialLength::kWhole;
  const PhotoScores* kept = nullptr;  // of the rows_held_back, to be beaten; may be null
};

// Tries the way on the context's photos. The training gets as many epochs as the photos are worth, or as fit into the
// minutes beside the trial. Of very many photos trials are brief. Nothing, with a line, where the minutes do not allow
// it, also where that comes out only while it is tried; a smaller input is taken where that makes it fit and the user
// has asked for no size.
std::optional<TriedTraining> try_training(SearchContext& context, TrialGoal goal);

// The next smaller input, in pixels; 0 where there is none.
int64_t smaller_size(int64_t size);

// The way with as many epochs as its photos are worth, at least one, or as fit into the minutes.
Way within_the_minutes(SearchContext& context, Way way);

// The way that was tried, with as many of its epochs as still fit into the minutes, at least one.
Way within_the_minutes(SearchContext& context, const TriedTraining& tried);

// As many epochs as photos of that number are worth, of a training from scratch or behind a backbone.
int64_t epochs_worth(const Way& way, int64_t photos);

}  // namespace cvtool
