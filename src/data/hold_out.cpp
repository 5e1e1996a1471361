#include "data/hold_out.h"

#include <algorithm>
#include <map>

#include "base/random.h"

namespace cvtool {
namespace {

enum class Part { kRest, kValid, kTest };

struct Drawn {
  double u;
  size_t index;
  Part part;
};

bool has(const std::vector<Drawn>& draws, Part part) {
  return std::any_of(draws.begin(), draws.end(), [&](const Drawn& draw) { return draw.part == part; });
}

// Gives `part` the photo of [begin, end) drawn nearest to `at` that is still free to move.
void give(std::vector<Drawn>& draws, Part part, double at, const std::vector<Part>& keep) {
  Drawn* best = nullptr;
  for (Drawn& draw : draws) {
    const auto same = [&](const Drawn& other) { return other.part == draw.part; };
    const bool needed = std::find(keep.begin(), keep.end(), draw.part) != keep.end() &&
                        std::count_if(draws.begin(), draws.end(), same) == 1;
    if (needed) continue;
    if (!best || std::abs(draw.u - at) < std::abs(best->u - at)) best = &draw;
  }
  if (best) best->part = part;
}

}  // namespace

HeldBack hold_out(const std::vector<Sample>& samples, double valid, double test, uint64_t seed) {
  std::map<int64_t, std::vector<Drawn>> classes;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double u = Random(seed, "split", 0, samples[i].id).uniform();
    const Part part = u < valid ? Part::kValid : u < valid + test ? Part::kTest : Part::kRest;
    classes[samples[i].label].push_back({u, i, part});
  }
  std::vector<Part> parts(samples.size());
  for (auto& [label, draws] : classes) {
    if (!has(draws, Part::kRest)) give(draws, Part::kRest, 1.0, {});
    if (valid > 0 && !has(draws, Part::kValid)) give(draws, Part::kValid, valid / 2, {Part::kRest});
    if (test > 0 && !has(draws, Part::kTest)) give(draws, Part::kTest, valid + test / 2, {Part::kRest, Part::kValid});
    for (const Drawn& draw : draws) parts[draw.index] = draw.part;
  }
  HeldBack out;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto& target = parts[i] == Part::kValid ? out.valid : parts[i] == Part::kTest ? out.test : out.rest;
    target.push_back(samples[i]);
  }
  return out;
}

}  // namespace cvtool
