// Where an axis has its numbers and how they are written.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Round numbers (1, 2 or 5 times a power of ten apart) within [low, high], about `count` of them; at least 1
// apart where `whole`.
std::vector<double> nice_ticks(double low, double high, int count, bool whole = false);

// A tick's number without needless digits: "0.25", "1500", "2e+09". `step` is the distance of the ticks.
std::string tick_text(double value, double step);

struct Ticks {
  std::vector<double> values;
  std::vector<std::string> texts;
};

Ticks linear_ticks(double low, double high, int count, bool whole);

// Powers of ten from `low` to `high`, which are powers of ten themselves, at most about `count`.
Ticks log_ticks(double low, double high, int count);

}  // namespace cvtool
