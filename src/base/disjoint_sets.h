// Which of so many things belong together, of pairs that do (union-find).
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace cvtool {

class DisjointSets {
 public:
  explicit DisjointSets(size_t count) : first_(count) { std::iota(first_.begin(), first_.end(), size_t{0}); }

  size_t count() const { return first_.size(); }

  void join(size_t a, size_t b) {
    a = first_of(a), b = first_of(b);
    first_[std::max(a, b)] = std::min(a, b);
  }

  // The first of all that are joined with `i`; the way is shortened for those that come after.
  size_t first_of(size_t i) {
    while (first_[i] != i) i = first_[i] = first_[first_[i]];
    return i;
  }

 private:
  std::vector<size_t> first_;
};

}  // namespace cvtool
