// What a training was asked to do, with all that was left open filled in.
#pragma once

#include <optional>
#include <string>

#include "model/model_file.h"
#include "run/resume.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

struct TrainSettings {
  Recipe recipe;  // loss and monitor may still be "auto"
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;
  std::string precision_why;
  bool precision_asked = false;       // by hand, rather than chosen for this machine
  std::optional<ModelFile> source;    // what --from names
  std::string from;                   // its file
  std::optional<StoppedRun> stopped;  // what --resume names
};

// Sets up the process too: threads, rounding. A resumed run brings its own data, machine and session where the request
// is silent: they are filled in. Throws UsageError, Error for a damaged run.
TrainSettings resolve_settings(TrainRequest& request);

}  // namespace cvtool
