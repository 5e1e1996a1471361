// The order in which pages show classes.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// By rising F1 of the "metrics" object of metrics.json; among equals in the order given.
std::vector<std::string> weakest_first(const Json& metrics, std::vector<std::string> classes);

}  // namespace cvtool
