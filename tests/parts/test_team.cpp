#include "parts/team.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace cvtool;

namespace {

void as_it_is(const std::function<void()>& life) { life(); }

}  // namespace

TEST_CASE("Parts meet as often as they like, with fewer lanes than parts, and see what the others did") {
  for (const size_t lanes : {1, 2, 3, 8}) {
    CAPTURE(lanes);
    PartTeam team(8, lanes, as_it_is);
    for (const size_t parts : {1, 3, 8}) {
      std::vector<int> values(parts, 0);
      int sum = 0;
      std::vector<int> seen(parts, 0);
      team.run(parts, [&](size_t part) {
        for (int turn = 1; turn <= 50; ++turn) {
          values[part] = turn * static_cast<int>(part + 1);
          team.meet(part, [&] {
            sum = 0;
            for (const int value : values) sum += value;
          });
          seen[part] += sum;
        }
      });
      const int once = static_cast<int>(parts * (parts + 1) / 2);
      for (const int total : seen) CHECK(total == once * 50 * 51 / 2);
    }
  }
}

TEST_CASE("No more parts run at once than there are lanes") {
  PartTeam team(6, 2, as_it_is);
  std::atomic<int> running{0}, most{0};
  team.run(6, [&](size_t part) {
    for (int turn = 0; turn < 20; ++turn) {
      const int now = ++running;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      --running;
      team.meet(part, [] {});
    }
  });
  CHECK(most.load() <= 2);
}

TEST_CASE("A part that fails ends the others at their meeting, its error comes out, and the team goes on") {
  PartTeam team(4, 2, as_it_is);
  for (size_t bad = 0; bad < 4; ++bad) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(team.run(4,
                               [&](size_t part) {
                                 team.meet(part, [] {});
                                 if (part == bad) throw std::runtime_error("this one");
                                 team.meet(part, [] {});
                               }),
                      "this one");
    std::atomic<int> done{0};
    team.run(4, [&](size_t part) {
      team.meet(part, [] {});
      ++done;
    });
    CHECK(done.load() == 4);
  }
}

TEST_CASE("What fails at the meeting itself comes out too") {
  PartTeam team(3, 3, as_it_is);
  CHECK_THROWS_WITH(team.run(3, [&](size_t part) { team.meet(part, [] { throw std::runtime_error("together"); }); }),
                    "together");
}

TEST_CASE("Every task is done once, also where there are more than lanes, or none") {
  PartTeam team(5, 3, as_it_is);
  for (const size_t count : {0, 1, 2, 100}) {
    std::vector<std::atomic<int>> done(count);
    team.for_each(count, [&](size_t i) { ++done[i]; });
    for (const auto& times : done) CHECK(times.load() == 1);
  }
}
