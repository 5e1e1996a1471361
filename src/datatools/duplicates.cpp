#include "datatools/duplicates.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>

namespace cvtool {
namespace {

constexpr int kMostBits = 7;            // of 64
constexpr double kMostDifference = 10;  // mean of the thumbnails' values, 0..255
constexpr double kLeastContrast = 6;    // below it a picture is plain

int bits_apart(uint64_t a, uint64_t b) { return __builtin_popcountll(a ^ b); }

double difference(const PhotoFacts& a, const PhotoFacts& b) {
  int sum = 0;
  for (size_t i = 0; i < a.thumbnail.size(); ++i) sum += std::abs(a.thumbnail[i] - b.thumbnail[i]);
  return static_cast<double>(sum) / static_cast<double>(a.thumbnail.size());
}

bool look_alike(const PhotoFacts& a, const PhotoFacts& b) {
  if (bits_apart(a.perceptual, b.perceptual) > kMostBits) return false;
  // Photos of little contrast differ little whatever they show.
  const double contrast = std::min(a.contrast, b.contrast);
  return difference(a, b) <= std::min(kMostDifference, contrast / 4);
}

// Sets that grow together (union-find with path halving).
class Sets {
 public:
  explicit Sets(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }
  size_t root(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    a = root(a), b = root(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parents_;
};

Groups groups_of(Sets& sets, size_t count) {
  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < count; ++i) members[sets.root(i)].push_back(i);
  Groups groups;
  for (auto& [root, group] : members)
    if (group.size() > 1) groups.push_back(std::move(group));
  return groups;
}

}  // namespace

Groups exact_duplicates(const std::vector<PhotoFacts>& facts) {
  std::map<ContentHash, size_t> first;
  Sets sets(facts.size());
  for (size_t i = 0; i < facts.size(); ++i)
    if (facts[i].unreadable.empty()) sets.join(i, first.emplace(facts[i].pixels, i).first->second);
  return groups_of(sets, facts.size());
}

Groups near_duplicates(const std::vector<PhotoFacts>& facts) {
  // Equal photos stand for one another.
  Sets equal(facts.size());
  for (const auto& group : exact_duplicates(facts))
    for (const size_t i : group) equal.join(group[0], i);
  // Two hashes at most 7 bits apart agree in at least one of their 8 bytes.
  std::array<std::array<std::vector<size_t>, 256>, 8> buckets;
  Sets alike(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    const PhotoFacts& photo = facts[i];
    if (!photo.unreadable.empty() || photo.contrast < kLeastContrast) continue;
    if (equal.root(i) != i) {
      alike.join(equal.root(i), i);
      continue;
    }
    for (size_t byte = 0; byte < 8; ++byte) {
      auto& bucket = buckets[byte][photo.perceptual >> (8 * byte) & 255];
      for (const size_t other : bucket)
        if (look_alike(photo, facts[other])) alike.join(i, other);
      bucket.push_back(i);
    }
  }
  Groups groups;
  for (auto& group : groups_of(alike, facts.size())) {
    const bool all_equal =
        std::all_of(group.begin(), group.end(), [&](size_t i) { return equal.root(i) == equal.root(group[0]); });
    if (!all_equal) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace cvtool
