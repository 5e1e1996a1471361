#include "data/balanced.h"

#include <algorithm>
#include <map>

#include "base/random.h"

namespace cvtool {
namespace {

struct Draw {
  uint64_t key;
  size_t index;
};

// The draws by their keys, equal ones by the sample's path.
void sort_draws(std::vector<Draw>& draws, const std::vector<Sample>& samples) {
  std::sort(draws.begin(), draws.end(), [&](const Draw& a, const Draw& b) {
    return a.key != b.key ? a.key < b.key : samples[a.index].path < samples[b.index].path;
  });
}

}  // namespace

std::vector<size_t> balanced(const std::vector<Sample>& samples, uint64_t seed, uint64_t epoch) {
  std::map<int64_t, std::vector<Draw>> classes;
  for (size_t i = 0; i < samples.size(); ++i)
    classes[samples[i].label].push_back({Random(seed, "balance", epoch, samples[i].id).bits64(), i});
  std::vector<Draw> draws;
  size_t rest = classes.empty() ? 0 : samples.size() % classes.size();
  for (auto& [unused, own] : classes) {
    sort_draws(own, samples);
    const size_t wanted = samples.size() / classes.size() + (rest > 0 ? 1 : 0);
    rest -= rest > 0;
    for (size_t i = 0; i < wanted; ++i) {
      const size_t index = own[i % own.size()].index;
      Random random(seed, "shuffle", epoch, samples[index].id);
      // The second time around stands elsewhere.
      for (size_t round = 0; round < i / own.size(); ++round) random.bits64();
      draws.push_back({random.bits64(), index});
    }
  }
  sort_draws(draws, samples);
  std::vector<size_t> order;
  for (const Draw& draw : draws) order.push_back(draw.index);
  return order;
}

}  // namespace cvtool
