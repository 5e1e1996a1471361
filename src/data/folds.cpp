#include "data/folds.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"

namespace cvtool {
namespace {

// Photos that stay together.
struct Dealt {
  uint64_t key = 0;
  size_t first = 0;
  std::vector<size_t> members;
  std::map<int64_t, int64_t> labels;  // how many of each
};

std::vector<Dealt> in_dealing_order(const std::vector<Sample>& samples, const FoldPlan& plan) {
  std::map<size_t, Dealt> units;
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t first = plan.first.empty() ? i : plan.first[i];
    Dealt& unit = units[first];
    unit.first = first;
    unit.members.push_back(i);
    ++unit.labels[samples[i].label];
  }
  std::vector<Dealt> order;
  for (auto& [first, unit] : units) {
    unit.key = Random(plan.seed, "fold", 0, samples[first].id).bits64();
    order.push_back(std::move(unit));
  }
  std::sort(order.begin(), order.end(), [](const Dealt& a, const Dealt& b) {
    if (a.members.size() != b.members.size()) return a.members.size() > b.members.size();
    return a.key != b.key ? a.key < b.key : a.first < b.first;
  });
  return order;
}

// What a class has that can be parted.
struct Parts {
  int64_t photos = 0, units = 0;
};

std::map<int64_t, Parts> parts_of_classes(const std::vector<Dealt>& units) {
  std::map<int64_t, Parts> parts;
  for (const Dealt& unit : units)
    for (const auto& [label, count] : unit.labels) parts[label].photos += count, ++parts[label].units;
  return parts;
}

void check_enough(const std::map<int64_t, Parts>& parts, const FoldPlan& plan) {
  for (const auto& [label, part] : parts) {
    if (part.units >= plan.folds) continue;
    const auto at = static_cast<size_t>(label);
    const std::string name = at < plan.classes.size() ? plan.classes[at] : std::to_string(label);
    throw DataError(
        "--folds " + std::to_string(plan.folds) + ": the class '" + printable(name) + "' has " +
        counted(part.photos, "photo") +
        (part.units < part.photos ? ", which copies and groups keep in " + counted(part.units, "piece") : "") +
        "; each fold needs one. " +
        (part.units < 2 ? "Add photos, or leave the class out with --classes"
                        : "Ask for " + std::to_string(part.units) + " folds or fewer"));
  }
}

struct Hand {
  std::map<int64_t, int64_t> labels;
  int64_t photos = 0;
};

}  // namespace

std::vector<int64_t> deal_folds(const std::vector<Sample>& samples, const FoldPlan& plan) {
  const std::vector<Dealt> order = in_dealing_order(samples, plan);
  const std::map<int64_t, Parts> totals = parts_of_classes(order);
  check_enough(totals, plan);
  std::vector<Hand> hands(static_cast<size_t>(plan.folds));
  std::vector<int64_t> folds(samples.size());
  for (const Dealt& unit : order) {
    // How full of the unit's classes a fold is, each class by its share.
    const auto fullness = [&](Hand& hand) {
      double sum = 0;
      for (const auto& [label, count] : unit.labels)
        sum += static_cast<double>(count) * static_cast<double>(hand.labels[label]) /
               static_cast<double>(totals.at(label).photos);
      return sum;
    };
    size_t best = 0;
    for (size_t i = 1; i < hands.size(); ++i) {
      const double here = fullness(hands[i]), there = fullness(hands[best]);
      if (here < there || (here == there && hands[i].photos < hands[best].photos)) best = i;
    }
    for (const auto& [label, count] : unit.labels) hands[best].labels[label] += count;
    hands[best].photos += static_cast<int64_t>(unit.members.size());
    for (const size_t member : unit.members) folds[member] = static_cast<int64_t>(best);
  }
  return folds;
}

}  // namespace cvtool
