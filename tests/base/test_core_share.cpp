#include "base/core_share.h"

#include <doctest/doctest.h>

#include <string>

#include "scratch.h"

using namespace cvtool;

namespace {

// Seconds since the machine's and the process's start; a tick of the kernel is 10 ms.
struct Seconds {
  int ran = 0, waited = 0, process = 0, cores = 0;
};

void write(const Scratch& root, const Seconds& seconds) {
  const std::string nanos = "000000000", ticks = "00";
  const auto in = [](int s, const std::string& zeros) { return s == 0 ? std::string("0") : std::to_string(s) + zeros; };
  root.write("proc/self/task/7/schedstat", in(seconds.ran, nanos) + " " + in(seconds.waited, nanos) + " 12\n");
  root.write("proc/self/stat", "7 (a (b) c) R 1 1 1 0 -1 0 1 0 0 0 " + in(seconds.process, ticks) + " 0 0 0 20 0 1\n");
  std::string all = "cpu  1 2 3 4 5 6 7 8 0 0\n";
  for (int core = 0; core < 1024; ++core)  // those that the test may run on count; each did the same
    all += "cpu" + std::to_string(core) + " " + in(seconds.cores, ticks) + " 0 0 77 66 0 0 0 0 0\n";
  root.write("proc/stat", all + "intr 1 2 3\n");
}

}  // namespace

TEST_CASE("What threads waited counts only as far as other programs computed") {
  const Scratch root;
  write(root, {});
  const CoreShare share(root.path());
  CHECK_FALSE(share.got());
  write(root, {30, 10, 30, 1000});
  REQUIRE(share.got());
  CHECK(*share.got() == doctest::Approx(0.75));
  // All that the cores did was this process's own: its threads waited for each other.
  write(root, {30, 10, 1000000, 1000});
  CHECK_FALSE(share.got());
  write(root, {0, 10, 0, 1000});
  CHECK_FALSE(share.got());
}

TEST_CASE("Where the kernel does not say who waits, nothing is said") {
  const Scratch root;
  CHECK_FALSE(CoreShare(root.path()).got());
}
