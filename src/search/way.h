// Ways to train: what is laid over a recipe, step by step, until it says everything.
#pragma once

#include <string>

#include "base/json.h"
#include "spec/requests.h"

namespace cvtool {

struct Way {
  std::string backbone;            // empty: from scratch
  int64_t imgsz = 0;               // pixels; 0: as the request says
  bool mirrored = false;           // photos and their mirror images alike
  bool varied = false;             // crops and colours drawn anew in every epoch
  std::string fine_tune = "none";  // see TransferConfig
  double probe_l2 = 0;             // of the head's optimum, behind a backbone
  int64_t epochs = 1;              // of training step by step; the probe's own is not counted
};

// The request with the way said in flags; what the user's own flags say stays. `overrides` of a request that is_open.
TrainRequest with_way(const TrainRequest& request, const Way& way);

// Whether a request leaves open how it is trained: no recipe, no earlier net, and no flag on the net, the
// augmentation or the training but those that hold for any way (seed, batch, precision, class weights, smoothing).
bool is_open(const TrainRequest& request);

// "probe, 224 px, mirrored", "fine-tuning of all, 160 px, 5 epochs".
std::string way_text(const Way& way);

}  // namespace cvtool
