#include "mutant.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace {

constexpr int kMost = 100000;

struct Chosen {
  int number = 0, reached = -1;
  Chosen() {
    if (const char* text = std::getenv("CVTOOL_MUTANT")) number = std::atoi(text);
    if (const char* path = std::getenv("CVTOOL_MUTANTS_REACHED"))
      reached = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  }
};

// Written at once: not every program comes to its destructors. Errors of the caller's own calls stay as they were.
void note(int file, int number) {
  static std::atomic<bool> noted[kMost];
  if (number >= kMost || noted[number].exchange(true)) return;
  const int reason = errno;
  const std::string line = std::to_string(number) + "\n";
  (void)!::write(file, line.data(), line.size());
  errno = reason;
}

}  // namespace

bool mutated(int number) {
  static const Chosen chosen;
  if (chosen.reached >= 0) note(chosen.reached, number);
  return number == chosen.number;
}
