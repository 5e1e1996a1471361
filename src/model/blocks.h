// Parameters in net specs: "$filters", "$filters * 6", "divisible(32 * $alpha, 8)".
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace cvtool {

using Parameters = std::map<std::string, Json>;

// Value of an arithmetic expression of numbers, $names, + - * / ( ), max(a, b), min(a, b) and divisible(n, d), which
// is MobileNetV2's rounding of channel counts: the multiple of d nearest to n, at least d and at least 0.9 n.
// "$name[i]" is an item of a parameter that is a list, counted from 0, or an object; i is such an expression itself. A
// parameter or item that stands alone is given as it is. Throws UsageError naming `place`.
Json evaluate_expression(const std::string& text, const Parameters& parameters, const std::string& place);

// `spec` with every text that contains '$' or a call replaced by its value, inside lists and objects too.
Json substitute_parameters(const Json& spec, const Parameters& parameters, const std::string& place);

}  // namespace cvtool
