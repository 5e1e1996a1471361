// Photos dealt into folds, for cross-validation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

struct FoldPlan {
  int64_t folds = 2;  // at least 2
  uint64_t seed = 0;
  std::vector<size_t> first{};         // whom each photo stays with, as joined_groups gives it; empty: nobody
  std::vector<std::string> classes{};  // names for messages
};

// The fold 0 .. folds-1 of each sample. Those that stay together are dealt as one, the largest first, in an order drawn
// from (seed, id of their first): each goes where its classes are rarest so far, of equals where there are fewest
// photos. So photos that stay with nobody spread every class over the folds as evenly as its number allows. Throws
// DataError for a class that has not one photo (or group) for each fold.
std::vector<int64_t> deal_folds(const std::vector<Sample>& samples, const FoldPlan& plan);

}  // namespace cvtool
