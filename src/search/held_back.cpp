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

// The photo of the order with which part `part` begins: copies are not torn apart.
size_t border(const std::vector<Drawn>& drawn, size_t part) {
  size_t at = drawn.size() * part / kHeldBackParts;
  while (at > 0 && at < drawn.size() && drawn[at].key == drawn[at - 1].key) ++at;
  return at;
}

}  // namespace

HeldBackRows held_back(const PhotoStore& store, uint64_t seed, int64_t max_fit, size_t part) {
  const size_t all = store.samples().size();
  HeldBackRows out;
  for (const auto& [label, drawn] : drawn_order(store, seed)) {
    const size_t begin = border(drawn, part);
    size_t end = border(drawn, part + 1);
    if (begin == 0 && end == drawn.size()) end = begin;  // nothing of the class would be left to learn from
    size_t most = drawn.size();
    if (max_fit > 0) most = static_cast<size_t>(max_fit) * drawn.size() / all + 1;
    size_t fit = 0;
    for (size_t i = 0; i < drawn.size(); ++i)
      if (i >= begin && i < end)
        out.check.push_back(drawn[i].row);
      else if (fit++ < most)
        out.fit.push_back(drawn[i].row);
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
