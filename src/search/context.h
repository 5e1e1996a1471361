// What all steps of a search share: the request, the photos as they are open, the minutes.
#pragma once

#include "run/training_data.h"
#include "search/pace.h"
#include "search/way.h"

namespace cvtool {

class SearchContext {
 public:
  // Keeps references to all but the pace.
  SearchContext(const TrainRequest& request, const Dataset& found, const Pace& pace, Observer& observer);

  // The way as a training.
  TrainPlan plan_of(const Way& way) const;
  // The photos at the way's size, read anew where another size was open.
  const TrainingData& photos_for(const Way& way);
  // Hands them over.
  TrainingData take_photos_for(const Way& way);

  // The photos' own size: the median of their shorter sides in pixels; 0 where none can be read.
  int64_t photo_side() const;

  const std::string& backbone() const { return backbone_; }  // empty: none
  bool size_is_asked() const { return size_is_asked_; }      // the user has said how large the net's input is
  uint64_t seed() const { return seed_; }
  int64_t photos() const { return static_cast<int64_t>(found_.train.size()); }  // to train on
  int64_t validation_photos() const { return static_cast<int64_t>(found_.valid.size()); }
  const std::vector<std::string>& classes() const { return found_.classes; }
  double spent_s() const { return pace_.spent_s(); }
  bool limited() const { return pace_.limited(); }
  // Whether so many seconds are there.
  bool fits(double seconds) const { return !pace_.limited() || seconds <= training_s(); }
  // The same; says so where not.
  bool affords(double seconds, const Way& way);
  // Seconds that a training may take: what is left, but for reading, measuring and writing.
  double training_s() const;
  // Seconds that one trial may take.
  double trial_s() const;

  // A line on a way that was or was not tried, for the reader and for the plan.
  void say(const Way& way, const std::string& what);

  Observer& observer;

 private:
  const TrainRequest& request_;
  const Dataset& found_;
  Pace pace_;
  std::string backbone_;
  bool size_is_asked_ = false, told_ = false;
  uint64_t seed_ = 0;
  std::vector<std::string> tried_;
  TrainingData data_;
  int64_t opened_size_ = -1;
};

}  // namespace cvtool
