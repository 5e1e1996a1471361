#include "data/hold_out.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/random.h"

using namespace cvtool;

namespace {

constexpr size_t kPerClass = 8;

std::vector<Sample> two_classes() {
  std::vector<Sample> samples;
  for (size_t i = 0; i < 2 * kPerClass; ++i) {
    const std::string path = std::to_string(i) + ".jpg";
    samples.push_back({path, static_cast<int64_t>(i / kPerClass), stable_hash(path)});
  }
  return samples;
}

// Path -> part.
std::map<std::string, int> parts_of(const HeldBack& held) {
  std::map<std::string, int> parts;
  for (const Sample& sample : held.rest) parts[sample.path] = 0;
  for (const Sample& sample : held.valid) parts[sample.path] = 1;
  for (const Sample& sample : held.test) parts[sample.path] = 2;
  return parts;
}

// By the draws alone.
std::map<std::string, int> drawn(const std::vector<Sample>& samples, const HoldOutPlan& plan) {
  std::map<std::string, int> parts;
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t first = plan.first.empty() ? i : plan.first[i];
    const double u = Random(plan.seed, "split", 0, samples[first].id).uniform();
    parts[samples[i].path] = u < plan.valid ? 1 : u < plan.valid + plan.test ? 2 : 0;
  }
  return parts;
}

// Of each class, which parts it has.
std::set<int> parts_in(const std::map<std::string, int>& parts, const std::vector<Sample>& samples, int64_t label) {
  std::set<int> found;
  for (const Sample& sample : samples)
    if (sample.label == label) found.insert(parts.at(sample.path));
  return found;
}

}  // namespace

TEST_CASE("Photos lie where they are drawn, unless a class would lack a part") {
  const std::vector<Sample> samples = two_classes();
  const std::set<int> all{0, 1, 2};
  int as_drawn = 0, filled = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const HoldOutPlan plan{0.25, 0.25, seed};
    const auto wanted = drawn(samples, plan), got = parts_of(hold_out(samples, plan));
    for (const int64_t label : {0, 1}) {
      CHECK(parts_in(got, samples, label) == all);
      int moved = 0;
      for (const Sample& sample : samples)
        moved += sample.label == label && wanted.at(sample.path) != got.at(sample.path);
      const int lacking = 3 - static_cast<int>(parts_in(wanted, samples, label).size());
      CHECK(moved >= lacking);
      CHECK((moved == 0) == (lacking == 0));
      (lacking == 0 ? as_drawn : filled) += 1;
    }
  }
  CHECK(as_drawn > 50);
  CHECK(filled > 20);
}

TEST_CASE("A class that lacks a part gives it the photo whose draw is nearest to the part's middle") {
  const std::vector<Sample> samples = two_classes();
  int seen = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const HoldOutPlan plan{0.1, 0, seed};
    const auto wanted = drawn(samples, plan), got = parts_of(hold_out(samples, plan));
    if (parts_in(wanted, samples, 0).count(1)) continue;
    double least = 2;
    std::string nearest;
    for (size_t i = 0; i < kPerClass; ++i) {
      const double u = Random(seed, "split", 0, samples[i].id).uniform();
      if (u - plan.valid / 2 < least) {
        least = u - plan.valid / 2;
        nearest = samples[i].path;
      }
    }
    CHECK(got.at(nearest) == 1);
    ++seen;
  }
  CHECK(seen > 20);
}

TEST_CASE("Copies stay together, and no other photo moves for a part that only copies have") {
  const std::vector<Sample> samples = two_classes();
  HoldOutPlan plan{0.2, 0.2, 0};
  for (size_t i = 0; i < samples.size(); ++i) plan.first.push_back(i);
  plan.first[2] = 1;
  plan.first[9] = plan.first[11] = 8;
  int as_drawn = 0, only_copies = 0;
  for (plan.seed = 0; plan.seed < 300; ++plan.seed) {
    CAPTURE(plan.seed);
    const auto wanted = drawn(samples, plan), got = parts_of(hold_out(samples, plan));
    CHECK(got.at("2.jpg") == got.at("1.jpg"));
    CHECK(got.at("9.jpg") == got.at("8.jpg"));
    CHECK(got.at("11.jpg") == got.at("8.jpg"));
    if (parts_in(wanted, samples, 0).size() < 3 || parts_in(wanted, samples, 1).size() < 3) continue;
    CHECK(got == wanted);
    ++as_drawn;
    std::map<int, int> sizes;
    for (size_t i = 0; i < kPerClass; ++i) ++sizes[wanted.at(samples[i].path)];
    only_copies += wanted.at("1.jpg") != 0 && sizes[wanted.at("1.jpg")] == 2;
  }
  CHECK(as_drawn > 20);
  CHECK(only_copies > 2);
}
