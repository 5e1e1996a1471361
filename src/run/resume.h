// Going on with a run that was stopped.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "dist/ranks.h"
#include "train/training_state.h"

namespace cvtool {

struct StoppedRun {
  std::string folder;
  Json config;                           // config.json
  std::optional<Checkpoint> checkpoint;  // nothing: it was stopped before the first
};

// `resume` and `project` as in TrainRequest. Of several processes (`ranks`, may be null) rank 0 reads the run, and the
// others have it from there. Throws UsageError where there is no such run, Error for a damaged one.
StoppedRun open_stopped_run(const std::string& resume, const std::string& project, Ranks* ranks);

// The state to go on from; `identity` is all that decides a run's result, as JSON: the settings (but for those that
// only say how long it goes on), the photos, the machine. Throws UsageError naming what differs from the checkpoint's,
// unless `force`: then the epoch starts anew.
TrainingState state_to_resume(const StoppedRun& run, const Json& identity, bool force);

// The settings of a recipe's JSON that are part of a run's identity.
Json identifying_settings(Json recipe);

}  // namespace cvtool
