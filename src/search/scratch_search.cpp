#include "search/scratch_search.h"

#include <algorithm>

#include "search/training_trial.h"

namespace cvtool {
namespace {

// Twice the photos' own size where they are small: the net halves its input twice at once.
int64_t input_for(int64_t side) {
  constexpr int64_t kSmallest = 32, kLargest = 128;
  if (side <= 0) return kLargest;
  return std::clamp((2 * side + 31) / 32 * 32, kSmallest, kLargest);
}

std::string after_short_training(const PhotoScores& scores) {
  return "after a short training " + scores.text() + " of photos held back";
}

}  // namespace

Way scratch_way(SearchContext& context, bool mirrored) {
  Way way;
  way.mirrored = mirrored;
  way.varied = true;
  if (!context.size_is_asked()) way.imgsz = input_for(context.photo_side());
  way.epochs = epochs_worth(way, context.photos());
  return way;
}

Way search_from_scratch(SearchContext& context) {
  const Way mirrored = scratch_way(context, true);
  context.photos_for(mirrored);  // what is said of the photos comes first
  constexpr int64_t kEnough = 40;
  if (context.photos() < kEnough) {
    context.say(mirrored, "nothing is compared: too few photos to hold some back");
    return within_the_minutes(context, mirrored);
  }
  Way plain = mirrored;
  plain.mirrored = false;
  const auto first = try_training(context, {mirrored, TrialLength::kBrief});
  if (!first) return within_the_minutes(context, mirrored);
  const auto second = try_training(context, {plain, TrialLength::kBrief});
  if (!second) return within_the_minutes(context, *first);
  const bool better = is_better(second->scores, first->scores);
  context.say(first->way, after_short_training(first->scores));
  context.say(second->way, after_short_training(second->scores) + (better ? ": better" : ": no gain"));
  return within_the_minutes(context, better ? *second : *first);
}

}  // namespace cvtool
