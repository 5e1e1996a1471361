// Cells of the tables that commands print.
#pragma once

#include <algorithm>
#include <cstdint>
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

// "14.7 MB": in steps of a thousand.
inline std::string size_text(int64_t bytes) {
  constexpr double kStep = 1000;
  double size = static_cast<double>(bytes);
  const char* unit = "bytes";
  for (const char* larger : {"kB", "MB", "GB", "TB"}) {
    if (size < kStep) break;
    size /= kStep;
    unit = larger;
  }
  return (bytes < kStep ? with_thousands(bytes) : fixed(size, 1)) + " " + unit;
}

}  // namespace cvtool
