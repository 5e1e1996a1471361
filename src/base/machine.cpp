#include "base/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <future>
#include <limits>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "base/text.h"

namespace cvtool {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

std::string first_line(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// The number of a file that holds one; kUnlimited for "max", version 1's huge number, or no file.
int64_t limit_in(const std::string& file) {
  std::istringstream line(first_line(file));
  int64_t number = 0;
  return line >> number && number < (int64_t{1} << 60) ? number : kUnlimited;
}

// The number behind `key` in lines "key number" or "key: number kB".
int64_t number_of(const std::string& file, const std::string& key) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string word, unit;
    int64_t number = 0;
    if (!(words >> word >> number) || (word != key && word != key + ":")) continue;
    words >> unit;
    return unit == "kB" ? number * 1024 : number;
  }
  return 0;
}

// Calls `look` with the folder of `group` and of the groups above it, the mount itself last.
template <class Look>
void for_each_group(const std::string& mount, std::string group, const Look& look) {
  for (;;) {
    if (group == "/") group.clear();
    look(mount + group);
    if (group.empty()) return;
    group.resize(group.find_last_of('/') == std::string::npos ? 0 : group.find_last_of('/'));
  }
}

// The process's groups: `look` gets the folder of each one that may limit `controller`, and whether it is of version 2.
template <class Look>
void for_each_limit(const std::string& root, const std::string& controller, const Look& look) {
  std::ifstream groups(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    // "0::/group" (version 2) or "5:memory:/group" (version 1)
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    const std::string mount = root + "/sys/fs/cgroup";
    if (parts[0] == "0") for_each_group(mount, parts[2], [&](const std::string& folder) { look(folder, true); });
    for (const auto& one : split(parts[1], ','))
      if (one == controller)
        for_each_group(mount + "/" + one, parts[2], [&](const std::string& folder) { look(folder, false); });
  }
}

// What is left below the limit of a group. Files that are only cached count as free.
int64_t memory_left(const std::string& folder, bool second_version) {
  const int64_t max = limit_in(folder + (second_version ? "/memory.max" : "/memory.limit_in_bytes"));
  const int64_t used = limit_in(folder + (second_version ? "/memory.current" : "/memory.usage_in_bytes"));
  if (max == kUnlimited || used == kUnlimited) return kUnlimited;
  const char* const cached = second_version ? "inactive_file" : "total_inactive_file";
  return std::max<int64_t>(0, max - used + number_of(folder + "/memory.stat", cached));
}

// The processor time of a group in cores; none where there is no quota.
std::optional<double> quota_of(const std::string& folder, bool second_version) {
  int64_t quota = 0, period = 0;
  if (second_version) {
    std::istringstream line(first_line(folder + "/cpu.max"));  // "200000 100000" or "max 100000"
    if (!(line >> quota >> period)) return std::nullopt;
  } else {
    quota = limit_in(folder + "/cpu.cfs_quota_us");  // -1: none
    period = limit_in(folder + "/cpu.cfs_period_us");
  }
  if (quota <= 0 || quota == kUnlimited || period <= 0 || period == kUnlimited) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

}  // namespace

int64_t free_memory_bytes(const std::string& root) {
  int64_t left = number_of(root + "/proc/meminfo", "MemAvailable");
  if (left <= 0) left = int64_t{1} << 30;
  for_each_limit(root, "memory", [&](const std::string& folder, bool second_version) {
    left = std::min(left, memory_left(folder, second_version));
  });
  return left;
}

int64_t memory_total_bytes(const std::string& root) { return number_of(root + "/proc/meminfo", "MemTotal"); }

std::optional<int64_t> memory_limit_bytes(const std::string& root) {
  int64_t least = kUnlimited;
  for_each_limit(root, "memory", [&](const std::string& folder, bool second_version) {
    least = std::min(least, limit_in(folder + (second_version ? "/memory.max" : "/memory.limit_in_bytes")));
  });
  return least == kUnlimited ? std::nullopt : std::optional(least);
}

size_t machine_cores() { return std::max<size_t>(1, static_cast<size_t>(::sysconf(_SC_NPROCESSORS_ONLN))); }

size_t allowed_cores() {
  cpu_set_t allowed;
  // A set that is too small for the machine is refused; then what is online counts.
  const int known = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
  return std::max<size_t>(1, known > 0 ? static_cast<size_t>(known) : std::thread::hardware_concurrency());
}

std::optional<double> core_quota(const std::string& root) {
  std::optional<double> least;
  for_each_limit(root, "cpu", [&](const std::string& folder, bool second_version) {
    const auto quota = quota_of(folder, second_version);
    if (quota && (!least || *quota < *least)) least = quota;
  });
  return least;
}

size_t usable_cores(const std::string& root) {
  const size_t allowed = allowed_cores();
  const double quota = core_quota(root).value_or(static_cast<double>(allowed));
  return std::min(allowed, static_cast<size_t>(std::ceil(quota)));
}

std::optional<double> load_average(const std::string& root) {
  std::istringstream line(first_line(root + "/proc/loadavg"));  // "1.60 1.82 2.32 3/412 6001"
  double load = 0;
  return line >> load ? std::optional(load) : std::nullopt;
}

size_t startable_threads(size_t wanted) {
  std::promise<void> done;
  const std::shared_future<void> end = done.get_future().share();
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  try {
    while (threads.size() < wanted) threads.emplace_back([end] { end.wait(); });
  } catch (const std::system_error&) {
    // Those that have started are counted.
  }
  done.set_value();
  for (std::thread& thread : threads) thread.join();
  return threads.size();
}

size_t affordable_threads(size_t wanted) {
  constexpr size_t kParts = 4;
  // What the system has given once is not asked for again: to start so many threads takes as long as a short epoch.
  static std::atomic<size_t> given{0};
  if (wanted <= given) return wanted;
  const size_t threads = startable_threads(kParts * wanted) / kParts;
  if (threads == wanted) given = wanted;
  return threads;
}

}  // namespace cvtool
