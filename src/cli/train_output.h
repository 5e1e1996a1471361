// What a training that has ended says.
#pragma once

#include <string>

#include "spec/engine.h"

namespace cvtool {

class Console;

// For people; ends with a line break. The result has metrics.
std::string training_summary(const TrainResult& result);

// The table of --profile: where each epoch's time went, in per cent.
std::string profile_text(const TrainProfile& profile, const std::string& run);

// Why a training has left no metrics, and the command that goes on. The result has no metrics.
std::string unfinished_text(const TrainResult& result);

// The event "end" of --json.
Json end_event(const TrainResult& result);

}  // namespace cvtool
