// Whether other programs keep the processors from this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cvtool {

class CoreShare {
 public:
  // `root` is put before /proc (for tests).
  explicit CoreShare(std::string root = "");

  // How much of the processor time that the process's threads wanted since this was made they got, 0..1. None where
  // the kernel does not say, or where it was no other program that they waited for, but each other.
  std::optional<double> got() const;

 private:
  // In nanoseconds, since a start that does not matter.
  struct Times {
    int64_t ran = 0, waited = 0;  // of the threads that live: computing, and ready to compute
    int64_t process = 0;          // computing, of all threads that ever lived
    int64_t cores = 0;            // all programs, on the cores that this one may run on
  };
  Times now() const;

  std::string root_;
  Times start_;
};

}  // namespace cvtool
