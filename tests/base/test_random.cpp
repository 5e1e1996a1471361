#include "base/random.h"

#include <doctest/doctest.h>

#include <vector>

using namespace cvtool;

TEST_CASE("Philox gives the known answers of its authors") {
  // Random123 1.09, kat_vectors: philox4x32 10.
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("Draws depend on seed, purpose, epoch and sample and on nothing else") {
  const auto first = [](Random r) { return r.bits64(); };
  CHECK(first({1, "flip", 2, 3}) == first({1, "flip", 2, 3}));
  CHECK(first({1, "flip", 2, 3}) != first({2, "flip", 2, 3}));
  CHECK(first({1, "flip", 2, 3}) != first({1, "zoom", 2, 3}));
  CHECK(first({1, "flip", 2, 3}) != first({1, "flip", 3, 3}));
  CHECK(first({1, "flip", 2, 3}) != first({1, "flip", 2, 4}));
}

TEST_CASE("Uniform draws stay in their interval and have its mean") {
  Random r(7, "test");
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double u = r.uniform(-2, 4);
    REQUIRE((u >= -2 && u < 4));
    sum += u;
  }
  CHECK(sum / 10000 == doctest::Approx(1).epsilon(0.05));
}

TEST_CASE("Whole draws below n take every value evenly") {
  Random r(7, "below");
  std::vector<int> seen(5);
  for (int i = 0; i < 10000; ++i) ++seen[static_cast<size_t>(r.below(5))];
  for (int count : seen) CHECK(count == doctest::Approx(2000).epsilon(0.1));
}
