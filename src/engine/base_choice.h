// Which pretrained backbone a training stands on where its request does not name one.
#pragma once

#include "base/observer.h"
#include "spec/requests.h"

namespace cvtool {

// The request with its backbone named, or without one. "auto", or nothing said and neither a recipe, an earlier net nor
// layers of one's own: the first that lies ready, MobileNetV2 before others; where there is none, MobileNetV2 is
// fetched once, but not where `offline`, CVTOOL_OFFLINE or CI forbid it, nor within an hour of a network that failed.
// "none": the net is made from scratch. Says in one line what was taken. A failure to fetch is no error; throws Error
// (interrupted) when the observer asks to stop.
TrainRequest with_chosen_base(const TrainRequest& request, Observer& observer);

}  // namespace cvtool
