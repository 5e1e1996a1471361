#include "run/run_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/text.h"

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

void RunLog::epoch(const EpochReport& report) {
  std::string text = "epoch " + std::to_string(report.epoch) + "/" + std::to_string(report.epochs);
  for (const auto& [name, value] : report.values) text += " " + name + " " + fixed(value, name == "lr" ? 6 : 4);
  line(text + (report.best ? " (best)" : ""));
}

}  // namespace cvtool
