// Loaded before the other libraries (LD_PRELOAD), where a test must hit a moment and not be lucky: when the program is
// about to flush or to rename a file for the CVTOOL_SIGNAL_AT-th time, it gets the signal of the number CVTOOL_SIGNAL.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

void about_to_change_a_file() {
  static std::atomic<int> left{std::atoi(std::getenv("CVTOOL_SIGNAL_AT"))};
  if (--left == 0) ::kill(::getpid(), std::atoi(std::getenv("CVTOOL_SIGNAL")));
}

}  // namespace

extern "C" int fsync(int file) {
  about_to_change_a_file();
  return static_cast<int>(::syscall(SYS_fsync, file));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  about_to_change_a_file();
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}
