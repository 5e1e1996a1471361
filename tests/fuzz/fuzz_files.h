// Inputs that are files in a folder.
#pragma once

#include <string>
#include <vector>

#include "scratch.h"

namespace cvtool {

// The parts of an input, which a line "====" divides; as many as are asked for, the last ones may be empty.
inline std::vector<std::string> parts_of(const std::string& input, size_t count) {
  const std::string divider = "\n====\n";
  std::vector<std::string> parts;
  size_t begin = 0;
  while (parts.size() + 1 < count) {
    const size_t end = input.find(divider, begin);
    if (end == std::string::npos) break;
    parts.push_back(input.substr(begin, end - begin));
    begin = end + divider.size();
  }
  parts.push_back(input.substr(begin));
  parts.resize(count);
  return parts;
}

}  // namespace cvtool
