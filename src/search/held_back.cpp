#include "search/held_back.h"

#include <algorithm>
#include <map>

#include "base/random.h"

namespace cvtool {
namespace {

struct Drawn {
  uint64_t key;
  size_t row;
};

// Of each class, in an order drawn by content: exact copies stand side by side.
std::map<int64_t, std::vector<Drawn>> drawn_order(const PhotoStore& store, uint64_t seed) {
  std::map<int64_t, std::vector<Drawn>> classes;
  const std::vector<Sample>& samples = store.samples();
  for (size_t row = 0; row < samples.size(); ++row)
    classes[samples[row].label].push_back({Random(seed, "held back", 0, store.content(row).low).bits64(), row});
  for (auto& [label, drawn] : classes)
    std::sort(drawn.begin(), drawn.end(),
              [](const Drawn& a, const Drawn& b) { return a.key != b.key ? a.key < b.key : a.row < b.row; });
  return classes;
}

}  // namespace

HeldBack held_back(const PhotoStore& store, uint64_t seed, int64_t max_fit) {
  constexpr size_t kParts = 5;
  const size_t all = store.samples().size();
  HeldBack out;
  for (const auto& [label, drawn] : drawn_order(store, seed)) {
    size_t border = drawn.size() / kParts;
    while (border > 0 && border < drawn.size() && drawn[border].key == drawn[border - 1].key) ++border;
    size_t end = drawn.size();
    if (max_fit > 0) end = std::min(end, border + static_cast<size_t>(max_fit) * drawn.size() / all + 1);
    for (size_t i = 0; i < end; ++i) (i < border ? out.check : out.fit).push_back(drawn[i].row);
  }
  std::sort(out.fit.begin(), out.fit.end());
  std::sort(out.check.begin(), out.check.end());
  return out;
}

std::vector<size_t> some_rows(const PhotoStore& store, uint64_t seed, int64_t count) {
  const size_t all = store.samples().size(), wanted = static_cast<size_t>(count);
  if (wanted >= all) return in_order(all);
  std::vector<size_t> rows;
  for (const auto& [label, drawn] : drawn_order(store, seed))
    for (size_t i = 0; i < std::min(drawn.size(), wanted * drawn.size() / all + 1); ++i) rows.push_back(drawn[i].row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace cvtool
