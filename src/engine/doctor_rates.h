// How fast this machine does what a training is made of.
#pragma once

#include "base/observer.h"
#include "spec/doctor_result.h"

namespace cvtool {

// Takes about five seconds. prepare_process() comes before. Throws Error (kInterrupted) where the observer asks to
// stop.
MeasuredRates measured_rates(Observer& observer);

}  // namespace cvtool
