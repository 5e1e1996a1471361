#include "model/summary.h"

#include <nlohmann/json.hpp>

namespace cvtool {

Json summary_json(const std::vector<SummaryRow>& rows) {
  Json layers = Json::array();
  int64_t trainable = 0, non_trainable = 0;
  for (const SummaryRow& row : rows) {
    Json output = Json::array();
    // Keras's order: height, width, channels.
    if (row.output.size() == 3)
      output = {row.output[1], row.output[2], row.output[0]};
    else
      for (int64_t n : row.output) output.push_back(n);
    layers.push_back({{"name", row.name},
                      {"kind", row.kind},
                      {"output", output},
                      {"trainable", row.trainable},
                      {"non_trainable", row.non_trainable}});
    trainable += row.trainable;
    non_trainable += row.non_trainable;
  }
  return {{"layers", layers},
          {"total", trainable + non_trainable},
          {"trainable", trainable},
          {"non_trainable", non_trainable}};
}

}  // namespace cvtool
