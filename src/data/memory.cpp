#include "data/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

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

// What is left below the limits of `group` and the groups above it. Files that are only cached count as free.
int64_t left_in_group(const std::string& mount, std::string group, bool second_version) {
  const char* const limit = second_version ? "/memory.max" : "/memory.limit_in_bytes";
  const char* const usage = second_version ? "/memory.current" : "/memory.usage_in_bytes";
  const char* const cached = second_version ? "inactive_file" : "total_inactive_file";
  int64_t left = kUnlimited;
  for (;;) {
    if (group == "/") group.clear();
    const std::string folder = mount + group;
    const int64_t max = limit_in(folder + limit);
    const int64_t used = limit_in(folder + usage);
    if (max != kUnlimited && used != kUnlimited)
      left = std::min(left, std::max<int64_t>(0, max - used + number_of(folder + "/memory.stat", cached)));
    if (group.empty()) return left;
    group.resize(group.find_last_of('/') == std::string::npos ? 0 : group.find_last_of('/'));
  }
}

}  // namespace

int64_t free_memory_bytes(const std::string& root) {
  int64_t left = number_of(root + "/proc/meminfo", "MemAvailable");
  if (left <= 0) left = int64_t{1} << 30;
  std::ifstream groups(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    // "0::/group" (version 2) or "5:memory:/group" (version 1)
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    if (parts[0] == "0") left = std::min(left, left_in_group(root + "/sys/fs/cgroup", parts[2], true));
    for (const auto& controller : split(parts[1], ','))
      if (controller == "memory") left = std::min(left, left_in_group(root + "/sys/fs/cgroup/memory", parts[2], false));
  }
  return left;
}

int64_t anonymous_memory_bytes() { return number_of("/proc/self/status", "RssAnon"); }

}  // namespace cvtool
