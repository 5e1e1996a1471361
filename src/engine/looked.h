// What the data commands begin with: the photos named on the command line and the rules to read them by.
#pragma once

#include <functional>

#include "base/observer.h"
#include "data/dataset.h"
#include "data/image.h"
#include "engine/options.h"

namespace cvtool {

struct Looked {
  Dataset dataset;
  DecodeOptions decode;
};

// Finds the photos; logs what was noted about them.
Looked look_at(const LookRequest& request);

// Shows `phase` to the observer; throws Error (kInterrupted) where it asks to stop. Keeps a reference to it.
std::function<void(int64_t done, int64_t total)> progress_of(const char* phase, Observer& observer);

}  // namespace cvtool
