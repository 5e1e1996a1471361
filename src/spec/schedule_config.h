// How the learning rate goes over a run: part of the `train` section of a recipe.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct ScheduleConfig {
  std::string schedule = "constant";
  double warmup = 0;
  double decay = 0;
  int64_t decay_every = 10;
  double lr_end = 0;
};

// The schedules' names; train/schedule.cpp attaches the functions and a test proves the two complete.
inline const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names{"constant", "step", "cosine", "exponential", "plateau", "one_cycle"};
  return names;
}

template <class Visitor>
void fields(ScheduleConfig& c, Visitor&& visit) {
  visit("schedule", c.schedule, Doc("how the learning rate goes over the epochs").words(schedule_names()));
  visit("warmup", c.warmup,
        Doc("epochs in which the learning rate first rises to its value; fractions are fine").range(0, 1e6));
  visit("decay", c.decay,
        Doc("factor of the learning rate at each drop (step, plateau; 0: 0.1) or in each epoch (exponential; 0: 0.95)")
            .range(0, 1));
  visit("decay_every", c.decay_every,
        Doc("epochs from drop to drop (step), or without improvement before a drop (plateau)").range(1, 1e6));
  visit("lr_end", c.lr_end, Doc("where the learning rate ends, as a fraction of lr (cosine)").range(0, 1));
}

}  // namespace cvtool
