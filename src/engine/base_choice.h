// Which pretrained backbone a training without a recipe stands on.
#pragma once

#include <optional>
#include <string>

#include "base/observer.h"
#include "spec/requests.h"

namespace cvtool {

// A base that lies in one of backbone_folders().
struct ReadyBase {
  std::string name, file;
};

// The one that is preferred: mobilenet_v2 in its widths (1.0 first), inception_v1, vgg16, then the user's own by name.
// A file that cannot be read as a base is passed over with a warning.
std::optional<ReadyBase> ready_base();

// What gets the base that is preferred: "`cvtool import mobilenet_v2` (9 MB, once)".
std::string import_advice();

struct BaseChoice {
  TrainRequest request;           // with the base's name in overrides["model"]["base"], or without that key
  std::optional<ReadyBase> base;  // the one taken; none: the net is trained from scratch, or is that of a recipe or run
  std::string automatic;          // as TrainResult::base
};

// Resolves "auto" and "none" in overrides["model"]["base"]; a key that is missing means "auto", unless a recipe, run or
// --preprocess says what the net is. Where no base is ready, the smallest that is known is fetched and imported, once;
// not with `offline`, $CVTOOL_OFFLINE or $CI, nor within an hour of a failure. A failure is no error: one line says
// what hindered it, and the net is trained from scratch. Says what was chosen. Throws UsageError for what is wrong in
// the request, Error (kInterrupted) when the observer stops the transfer.
BaseChoice choose_base(const TrainRequest& request, Observer& observer);

}  // namespace cvtool
