#include "run/history_csv.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

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

}  // namespace cvtool
