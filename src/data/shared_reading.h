// Several processes that each read a share of the photos, for all.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace cvtool {

// Which of a list's photos are whose: `in_a_row` that follow each other are dealt to one process.
struct PhotoDealing {
  size_t process = 0, processes = 1;
  size_t in_a_row = 8;

  size_t reader_of(size_t place) const { return place / in_a_row % processes; }
  bool is_own(size_t place) const { return reader_of(place) == process; }
  // Of the first `count`.
  std::vector<size_t> own_of(size_t count) const {
    std::vector<size_t> own;
    for (size_t place = 0; place < count; ++place)
      if (is_own(place)) own.push_back(place);
    return own;
  }
};

struct SharedReading : PhotoDealing {
  // What each process gives, by process. All call it at once.
  std::function<std::vector<std::string>(const std::string& mine)> gather;

  bool shared() const { return processes > 1; }
};

}  // namespace cvtool
