// Learning rates over a run.
#pragma once

#include <string>
#include <vector>

#include "spec/train_config.h"

namespace cvtool {

// One row of the table of schedules.
struct ScheduleKind {
  const char* name;
  double decay;  // what 0 in the config stands for
  // The factor of the run's learning rate after `epoch` epochs, fractions included, of `epochs`; both are counted from
  // the end of the warm-up. 1 for plateau, whose drops come from the history.
  double (*factor)(const ScheduleConfig& config, double epoch, double epochs);
};
const std::vector<ScheduleKind>& schedule_kinds();

// `config` with every "0: the schedule's own" replaced by the value.
ScheduleConfig with_schedule_defaults(ScheduleConfig config);

// Where a step stands in the run.
struct SchedulePoint {
  double epoch = 0;   // epochs done before it, with the fraction
  double step = 0;    // part of an epoch that one step is
  int64_t drops = 0;  // of the plateau: see plateau_drops
  double before = 0;  // epochs of the run without steps, before warm-up and schedule begin
};

// The learning rate of a step. In the warm-up it rises in a line from step to step and reaches its value with the last.
double lr_at(const TrainConfig& config, const SchedulePoint& point);

}  // namespace cvtool
