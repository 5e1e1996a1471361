// The work of eval, of one process or of several that share the photos.
#pragma once

#include "data/photos.h"
#include "dist/ranks.h"
#include "evaluate/opened_model.h"
#include "evaluate/outputs.h"
#include "spec/requests.h"

namespace cvtool {

struct EvalWork {
  const EvalRequest& request;
  Ranks* ranks;  // the processes that share the photos; null: this one alone
  Observer& observer;
};

// The photos, read and prepared as the model's recipe says. Throws as open_split does.
OpenedSplit open_photos(const EvalWork& work, PhotoRequest photos, const Recipe& recipe);

// What the model says of them; of several processes at rank 0 alone.
Outputs answers_to(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split);

}  // namespace cvtool
