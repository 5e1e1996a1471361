#include "data/balanced.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace cvtool;

namespace {

std::vector<Sample> samples_of(const std::vector<int64_t>& counts) {
  std::vector<Sample> samples;
  for (size_t label = 0; label < counts.size(); ++label)
    for (int64_t i = 0; i < counts[label]; ++i) {
      const std::string path = std::to_string(label) + "/" + std::to_string(i);
      samples.push_back(
          {path, static_cast<int64_t>(label), static_cast<uint64_t>(label * 1000 + static_cast<size_t>(i))});
    }
  return samples;
}

}  // namespace

TEST_CASE("A balanced epoch is as long as a plain one and holds every class equally often") {
  const auto samples = samples_of({20, 5, 8});
  const auto order = balanced(samples, 1, 1);
  REQUIRE(order.size() == samples.size());
  std::map<int64_t, int> counts;
  for (const size_t index : order) ++counts[samples[index].label];
  for (const int64_t label : {0, 1, 2}) CHECK(counts[label] == 11);
}

TEST_CASE("A rare class gives each of its photos before it repeats one; a common one gives other photos each epoch") {
  const auto samples = samples_of({30, 6});
  std::map<size_t, int> times;
  for (const size_t index : balanced(samples, 1, 3)) ++times[index];
  for (size_t i = 30; i < 36; ++i) CHECK(times[i] == 3);
  const auto commons = [&](uint64_t epoch) {
    std::set<size_t> out;
    for (const size_t index : balanced(samples, 1, epoch))
      if (index < 30) out.insert(index);
    return out;
  };
  CHECK(commons(1).size() == 18);
  CHECK(commons(1) != commons(2));
}

TEST_CASE("The order depends on seed, epoch and ids alone") {
  auto samples = samples_of({7, 5});
  const auto paths = [&](const std::vector<size_t>& order) {
    std::vector<std::string> out;
    for (const size_t index : order) out.push_back(samples[index].path);
    return out;
  };
  const auto before = paths(balanced(samples, 4, 2));
  CHECK(before == paths(balanced(samples, 4, 2)));
  CHECK(before != paths(balanced(samples, 5, 2)));
  CHECK(before != paths(balanced(samples, 4, 3)));
  std::reverse(samples.begin(), samples.end());
  CHECK(before == paths(balanced(samples, 4, 2)));
  CHECK(balanced({}, 1, 1).empty());
}
