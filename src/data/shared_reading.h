// Several processes that each read a share of the photos, for all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cvtool {

struct SharedReading {
  size_t process = 0, processes = 1;
  // What each process gives, by process. All call it at once.
  std::function<std::vector<std::string>(const std::string& mine)> gather;

  bool shared() const { return processes > 1; }
  // Whose photo it is, by its place in the list: a few that follow each other are dealt to one process.
  size_t reader_of(size_t place) const {
    constexpr size_t kInARow = 8;
    return place / kInARow % processes;
  }
  bool is_own(size_t place) const { return reader_of(place) == process; }
};

}  // namespace cvtool
