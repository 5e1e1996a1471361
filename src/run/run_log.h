// log.txt of a run.
#pragma once

#include <spdlog/sinks/basic_file_sink.h>

#include <memory>
#include <string>

#include "base/observer.h"

namespace cvtool {

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

}  // namespace cvtool
