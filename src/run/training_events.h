// --tensorboard: what TensorBoard shows of a run.
#pragma once

#include <string>

#include "base/observer.h"
#include "report/event_file.h"

namespace cvtool {

class TrainingEvents {
 public:
  // Writes to RUN/tensorboard from this epoch on; before the first one, the run's train_batch.jpg.
  TrainingEvents(const std::string& run, int64_t epoch);

  // The figures, by their names in the history.
  void epoch(const EpochReport& report) { file_.scalars(report.epoch, report.values); }

 private:
  EventFile file_;
};

}  // namespace cvtool
