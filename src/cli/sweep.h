// --sweep: a grid of settings.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct SweepPoint {
  std::string name;                 // "lr 0.001, batch 32"
  Json overrides = Json::object();  // see load_recipe
};

// Every point of the grid that lists such as "lr=1e-4,1e-3" span; one without a name for an empty grid. Throws
// UsageError for an unknown key or a value that it does not take.
std::vector<SweepPoint> sweep_points(const std::vector<std::string>& sweep);

// The settings that a grid may vary, in the order of the recipe's sections.
std::vector<std::string> sweep_keys();

}  // namespace cvtool
