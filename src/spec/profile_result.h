// Where the time of a training went.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/fields.h"

namespace cvtool {

enum class Spent { kWait, kRead, kAugment, kForward, kBackward, kExchange, kStep, kValidate, kSave, kPrepare, kOther };
constexpr std::array<const char*, 11> kSpentNames{"wait", "read",     "augment", "forward", "backward", "exchange",
                                                  "step", "validate", "save",    "prepare", "other"};
using SpentTimes = std::array<double, kSpentNames.size()>;  // seconds, by Spent

// What a process has told the others in the steps of an epoch.
struct ExchangeCount {
  int64_t steps = 0;  // batches
  int64_t exchanges = 0, sent_bytes = 0;
};
inline void fields(const ExchangeCount& e, JsonWriter& visit) {
  visit("steps", e.steps), visit("exchanges", e.exchanges), visit("sent_bytes", e.sent_bytes);
}

struct EpochTime {
  int64_t epoch = 0;   // 0: of all
  int64_t photos = 0;  // that were learned from
  double seconds = 0;
  SpentTimes parts{};        // of the thread that trains; they add up to `seconds`
  SpentTimes workers{};      // of the threads that read and augment ahead of it, all together
  ExchangeCount exchange{};  // of several processes

  // Whether there is anything to be said of a part: of exchange where there are several processes.
  bool has(size_t part) const { return part != static_cast<size_t>(Spent::kExchange) || exchange.steps > 0; }
};
inline void fields(const EpochTime& t, JsonWriter& visit) {
  if (t.epoch > 0) visit("epoch", t.epoch);
  visit("photos", t.photos), visit("seconds", t.seconds);
  Json parts = Json::object(), workers = Json::object();
  for (size_t i = 0; i < kSpentNames.size(); ++i) {
    if (!t.has(i)) continue;
    parts[kSpentNames[i]] = {{"seconds", t.parts[i]}, {"percent", t.seconds > 0 ? 100 * t.parts[i] / t.seconds : 0}};
    if (t.workers[i] > 0) workers[kSpentNames[i]] = {{"seconds", t.workers[i]}};
  }
  visit("parts", parts), visit("workers", workers);
  if (t.exchange.steps > 0) visit("exchange", t.exchange);
}

// What the arithmetic of the net reached of what the processor's matrix products do.
struct PeakUse {
  int64_t multiply_adds_per_photo = 0;  // of one pass forward
  double gflops_reached = 0;            // in forward and backward, which is taken for two passes
  double gflops_peak = 0;               // of large matrix products, with the same threads and precision
};
inline void fields(const PeakUse& p, JsonWriter& visit) {
  visit("multiply_adds_per_photo", p.multiply_adds_per_photo);
  visit("gflops_reached", p.gflops_reached), visit("gflops_peak", p.gflops_peak);
  visit("peak_fraction", p.gflops_peak > 0 ? p.gflops_reached / p.gflops_peak : 0);
}

struct TrainProfile {
  std::vector<EpochTime> epochs;
  EpochTime total;
  std::optional<PeakUse> peak;  // none on a GPU, and with a backbone
};
inline void fields(const TrainProfile& p, JsonWriter& visit) {
  visit("epochs", p.epochs), visit("total", p.total), visit("peak", p.peak);
}

}  // namespace cvtool
