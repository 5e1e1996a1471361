#include "base/core_share.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t from_ticks(int64_t ticks) { return ticks * (kSecond / std::max<int64_t>(1, ::sysconf(_SC_CLK_TCK))); }

bool may_run_on(const cpu_set_t& allowed, int core) {
  return core < 0 || core >= CPU_SETSIZE || CPU_ISSET(static_cast<size_t>(core), &allowed);
}

// Of /proc/stat: lines "cpu0 user nice system idle iowait irq softirq steal ...".
int64_t busy_time(const std::string& file) {
  cpu_set_t allowed;
  const bool known = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  std::ifstream in(file);
  std::string line;
  int64_t busy = 0;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string name;
    int64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0;
    if (!(words >> name >> user >> nice >> system >> idle >> waiting >> hard >> soft >> stolen)) continue;
    if (name.size() < 4 || name.compare(0, 3, "cpu") != 0) continue;
    if (known && !may_run_on(allowed, std::stoi(name.substr(3)))) continue;
    busy += user + nice + system + hard + soft + stolen;
  }
  return from_ticks(busy);
}

// Of /proc/self/stat: user and system time are the 14th and 15th word; the second, in brackets, may hold blanks.
int64_t process_time(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  std::istringstream words(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) words >> skipped;
  int64_t user = 0, system = 0;
  return words >> user >> system ? from_ticks(user + system) : 0;
}

}  // namespace

CoreShare::CoreShare(std::string root) : root_(std::move(root)), start_(now()) {}

CoreShare::Times CoreShare::now() const {
  Times times;
  std::error_code error;  // threads may end meanwhile
  for (fs::directory_iterator thread(root_ + "/proc/self/task", error), none; !error && thread != none;
       thread.increment(error)) {
    std::ifstream in(thread->path() / "schedstat");  // "ran waited slices", nanoseconds
    int64_t ran = 0, waited = 0;
    if (in >> ran >> waited) times.ran += ran, times.waited += waited;
  }
  times.process = process_time(root_ + "/proc/self/stat");
  times.cores = busy_time(root_ + "/proc/stat");
  return times;
}

std::optional<double> CoreShare::got() const {
  const Times end = now();
  const int64_t waited = end.waited - start_.waited;
  const int64_t ran = end.ran - start_.ran;
  const int64_t others = (end.cores - start_.cores) - (end.process - start_.process);
  // Threads cannot wait for others longer than these computed.
  const int64_t kept_away = std::min(waited, others);
  if (kept_away <= 0 || ran <= 0) return std::nullopt;
  return static_cast<double>(ran) / static_cast<double>(ran + kept_away);
}

}  // namespace cvtool
