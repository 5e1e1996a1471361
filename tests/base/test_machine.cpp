#include "base/machine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("Free memory obeys the limits of cgroups of both versions") {
  const Scratch root;
  root.write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n");
  CHECK(free_memory_bytes(root.path()) == 8000000LL * 1024);
  root.write("proc/self/cgroup", "0::/job/step\n");
  root.write("sys/fs/cgroup/job/memory.max", "1000000\n");
  root.write("sys/fs/cgroup/job/memory.current", "300000\n");
  root.write("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 100000\n");
  root.write("sys/fs/cgroup/job/step/memory.max", "max\n");
  CHECK(free_memory_bytes(root.path()) == 800000);
  root.write("proc/self/cgroup", "12:cpu:/x\n5:memory:/box\n");
  root.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "500000\n");
  root.write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "100000\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000\n");
  CHECK(free_memory_bytes(root.path()) == 400000);
}

TEST_CASE("A quota of processor time counts as the number of cores, in cgroups of both versions") {
  const Scratch root;
  const size_t all = usable_cores(root.path());
  CHECK(all >= 1);
  CHECK(all <= std::thread::hardware_concurrency());
  root.write("proc/self/cgroup", "0::/job/step\n");
  root.write("sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  CHECK(usable_cores(root.path()) == all);
  root.write("sys/fs/cgroup/job/cpu.max", "50000 100000\n");
  CHECK(usable_cores(root.path()) == 1);
  root.write("sys/fs/cgroup/job/cpu.max", "150000 100000\n");  // one and a half
  CHECK(usable_cores(root.path()) == std::min<size_t>(all, 2));
  // In a container the group's name is the host's, and its folder is the mount itself.
  root.write("proc/self/cgroup", "0::/docker/0123\n");
  root.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(usable_cores(root.path()) == 1);
  root.write("sys/fs/cgroup/cpu.max", "0 0\n");
  root.write("proc/self/cgroup", "4:cpu,cpuacct:/box\n");
  root.write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  CHECK(usable_cores(root.path()) == all);
  root.write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "80000\n");
  CHECK(usable_cores(root.path()) == 1);
}

TEST_CASE("Memory, its limit, the quota and the load are told as they are") {
  const Scratch root;
  CHECK(memory_total_bytes(root.path()) == 0);
  CHECK_FALSE(memory_limit_bytes(root.path()));
  CHECK_FALSE(core_quota(root.path()));
  CHECK_FALSE(load_average(root.path()));
  root.write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");
  CHECK(memory_total_bytes(root.path()) == 9000 * 1024);
  root.write("proc/self/cgroup", "0::/job/step\n");
  root.write("sys/fs/cgroup/job/memory.max", "1000000\n");
  root.write("sys/fs/cgroup/job/step/memory.max", "max\n");
  CHECK(memory_limit_bytes(root.path()) == 1000000);
  root.write("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  root.write("sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  CHECK(core_quota(root.path()) == 1.5);
  root.write("proc/loadavg", "1.60 1.82 2.32 3/412 6001\n");
  CHECK(load_average(root.path()) == 1.6);
  CHECK(machine_cores() >= allowed_cores());
}

TEST_CASE("Threads are counted by starting them") {
  CHECK(startable_threads(0) == 0);
  CHECK(startable_threads(5) == 5);
  CHECK(affordable_threads(2) == 2);
}
