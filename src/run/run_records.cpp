#include "run/run_records.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "data/image.h"

namespace cvtool {

std::string history_csv(const std::vector<EpochReport>& history) {
  if (history.empty()) return "epoch\n";
  std::string out = "epoch";
  for (const auto& [name, unused] : history[0].values) out += "," + name;
  out += "\n";
  for (const EpochReport& report : history) {
    out += std::to_string(report.epoch);
    for (const auto& [unused, value] : report.values) out += "," + Json(value).dump();
    out += "\n";
  }
  return out;
}

RunLog::RunLog(const std::string& path) {
  try {
    sink_ = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  } catch (const spdlog::spdlog_ex&) {
    throw Error("cannot write " + path + ": " + system_reason());
  }
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

TrainingEvents::TrainingEvents(const std::string& run, int64_t epoch) : file_(run + "/tensorboard", epoch) {
  if (epoch > 1) return;
  const std::string encoded = read_file(run + "/train_batch.jpg");
  const cv::Mat pixels = decode_image(encoded, {});
  file_.picture(0, "train_batch", {pixels.rows, pixels.cols, encoded});
}

}  // namespace cvtool
