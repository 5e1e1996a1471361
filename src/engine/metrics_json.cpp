#include "engine/metrics_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cvtool {

Json metrics_json(const Outputs& outputs, const std::vector<std::string>& classes) {
  const auto count = static_cast<int64_t>(outputs.labels.size());
  return {{"count", count}, {"accuracy", static_cast<double>(outputs.correct) / static_cast<double>(count)}, {"loss", outputs.loss}, {"classes", classes}};
}

}  // namespace cvtool
