// What a run writes down as it goes: history.csv, log.txt, event files.
#pragma once

#include <spdlog/sinks/basic_file_sink.h>

#include <memory>
#include <string>
#include <vector>

#include "base/observer.h"
#include "report/event_file.h"

namespace cvtool {

// "epoch,loss,accuracy,val_loss,val_accuracy,lr,seconds,images_per_second" and the rows; numbers are written so that
// they read back unchanged.
std::string history_csv(const std::vector<EpochReport>& history);

// log.txt of a run.

// While alive, everything that is logged also goes to the file, behind what is there.
class RunLog {
 public:
  explicit RunLog(const std::string& path);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  // A line for the file alone.
  void line(const std::string& text);
  void epoch(const EpochReport& report);

 private:
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> sink_;
};

// --tensorboard: what TensorBoard shows of a run.

class TrainingEvents {
 public:
  // Writes to RUN/tensorboard from this epoch on; before the first one, the run's train_batch.jpg.
  TrainingEvents(const std::string& run, int64_t epoch);

  // The metrics, by their names in the history.
  void epoch(const EpochReport& report) { file_.scalars(report.epoch, report.values); }

 private:
  EventFile file_;
};

}  // namespace cvtool
