// The few forms in which a photo may come into training, where there are only a few: what a feature cache can hold.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct Outcomes {
  int64_t count = 1;
  bool exact = true;  // the same draws as without a cache; false: a number of drawn views stands for all of them
  std::string key;    // names the forms, for the cache
  // Which one a sample takes in an epoch: 0 .. count-1.
  std::function<int64_t(uint64_t id, uint64_t epoch)> index;
  // Rows [N,3,H,W] in the form `index`; `ids` are their samples'.
  std::function<at::Tensor(const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index)> pixels;
};

// The photo as it is.
Outcomes one_outcome();

// What the augmentation `augment` (resolved) makes of a photo: all its forms under nothing or flips, else `views` drawn
// ones. Count 0 where there are too many forms to keep, or where labels are mixed.
Outcomes outcomes_of(const Json& augment, uint64_t seed, int64_t views);

}  // namespace cvtool
