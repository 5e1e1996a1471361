// What a training is going to do, decided before a photo is decoded.
#pragma once

#include <optional>
#include <string>

#include "data/dataset.h"
#include "dist/ranks.h"
#include "model/compile.h"
#include "run/resume.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

class Reuse;

struct TrainPlan {
  TrainRequest request;  // of a resumed run with its own data, machine and session where the request was silent
  Recipe recipe;         // nothing in it is left open: no "auto", no "0: own value"; with the data's classes
  Dataset dataset;
  Net net;       // with the weights that training starts from, on `device`, channels last
  Json summary;  // its layers: a LayerTable
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;
  std::string precision_why;          // "bf16: the processor has bfloat16 natively"
  std::string from;                   // the model file whose net is trained on; empty: the net is new
  std::optional<StoppedRun> stopped;  // what --resume names
  std::vector<std::string> tried;     // sentences on the ways to train that were compared before
  std::vector<std::string> advice;    // sentences on what would help most, as far as the comparison could measure it
  double budget_s = 0;                // after which training ends once its first epoch is done; 0: no limit
  Reuse* reuse = nullptr;             // what this training has in common with others; may be null. It outlives the plan
  Ranks* ranks = nullptr;             // the processes that train together; null: this one alone. They outlive the plan

  int64_t classes() const { return static_cast<int64_t>(dataset.classes.size()); }
};

// Finds whatever is wrong with a request: the recipe, the machine, the run's name, the photos' folders, the net, the
// weights of the classes. Prepares the process (threads, rounding) for the work. `found`: the photos of the request's
// data, where they have been listed before. `ranks`: all of them plan at once, and the plans must be the same. Throws
// UsageError, DataError where there are no photos, Error for a damaged run or model.
TrainPlan plan_training(const TrainRequest& request, const Dataset* found = nullptr, Ranks* ranks = nullptr);

}  // namespace cvtool
