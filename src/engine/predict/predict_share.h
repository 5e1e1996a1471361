// Several processes that predict the same photos together.
#pragma once

#include <vector>

#include "base/observer.h"
#include "dist/ranks.h"
#include "engine/predict/predict_groups.h"

namespace cvtool {

// All list the photos, each reads and predicts its groups of them, and rank 0 gets what the others say.
class SharedGroups {
 public:
  // All outlive this. Throws UsageError for photos that no other process can see (standard input, a watched folder).
  SharedGroups(const AskedModel& opened, const PredictRequest& request, Ranks& ranks);

  // The next groups, one of each process at most, in order; false at the end. At rank 0 all are answered. Throws Error
  // naming a photo that another machine has not found in the same place, or that the user stops the work.
  bool next(std::vector<PhotoGroup>& round, Observer& observer);

 private:
  Ranks& ranks_;
  PhotoGroups groups_;
  bool ended_ = false;
};

}  // namespace cvtool
