#include "engine/run_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace cvtool {

RunLog::RunLog(const std::string& path) : sink_(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path)) {
  sink_->set_pattern("%Y-%m-%d %H:%M:%S %l: %v");
  spdlog::default_logger()->sinks().push_back(sink_);
}

RunLog::~RunLog() {
  auto& sinks = spdlog::default_logger()->sinks();
  sinks.erase(std::remove(sinks.begin(), sinks.end(), sink_), sinks.end());
}

// A full disk ends a run where the model cannot be written, not where its log cannot.
void RunLog::line(const std::string& text) {
  try {
    sink_->log(spdlog::details::log_msg("", spdlog::level::info, text));
    sink_->flush();
  } catch (const spdlog::spdlog_ex&) {
    return;
  }
}

}  // namespace cvtool
