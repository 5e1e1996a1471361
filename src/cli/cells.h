// Cells of the tables that commands print.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"

namespace cvtool {

inline std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

inline std::string number_or_dash(const std::optional<double>& value, int decimals) {
  return value ? fixed(*value, decimals) : "-";
}

}  // namespace cvtool
