#include "data/hold_out.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/random.h"

namespace cvtool {
namespace {

enum class Part { kRest, kValid, kTest, kCalibration };

struct Drawn {
  double u;
  size_t index;
  Part part;
  bool alone;  // it has no copies, so that it may move
};

Part part_of(double u, const HoldOutPlan& plan) {
  if (u < plan.valid) return Part::kValid;
  if (u < plan.valid + plan.test) return Part::kTest;
  return u < plan.valid + plan.test + plan.calibration ? Part::kCalibration : Part::kRest;
}

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
    if (needed || !draw.alone) continue;
    if (!best || std::abs(draw.u - at) < std::abs(best->u - at)) best = &draw;
  }
  if (best) best->part = part;
}

}  // namespace

HeldBack hold_out(const std::vector<Sample>& samples, const HoldOutPlan& plan) {
  std::vector<size_t> first = plan.first;
  if (first.empty()) {
    first.resize(samples.size());
    std::iota(first.begin(), first.end(), size_t{0});
  }
  std::vector<char> alone(samples.size(), 1);
  for (size_t i = 0; i < samples.size(); ++i)
    if (first[i] != i) alone[i] = alone[first[i]] = 0;
  std::map<int64_t, std::vector<Drawn>> classes;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double u = Random(plan.seed, "split", 0, samples[first[i]].id).uniform();
    const Part part = part_of(u, plan);
    classes[samples[i].label].push_back({u, i, part, alone[i] != 0});
  }
  std::vector<Part> parts(samples.size());
  for (auto& [label, draws] : classes) {
    if (!has(draws, Part::kRest)) give(draws, Part::kRest, 1.0, {});
    if (plan.valid > 0 && !has(draws, Part::kValid)) give(draws, Part::kValid, plan.valid / 2, {Part::kRest});
    if (plan.test > 0 && !has(draws, Part::kTest))
      give(draws, Part::kTest, plan.valid + plan.test / 2, {Part::kRest, Part::kValid});
    for (const Drawn& draw : draws) parts[draw.index] = draw.part;
  }
  HeldBack out;
  for (size_t i = 0; i < samples.size(); ++i) {
    std::vector<Sample>* const targets[] = {&out.rest, &out.valid, &out.test, &out.calibration};
    targets[static_cast<size_t>(parts[i])]->push_back(samples[i]);
  }
  return out;
}

}  // namespace cvtool
