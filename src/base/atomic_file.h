// A file for what is too large to be held twice: written piece by piece, seen by others whole or not at all.
#pragma once

#include <string>

namespace cvtool {

// The reason that errno holds, in words, with what to do about it.
std::string system_reason();

// Appears at its path when it is kept; without that no trace of it stays. Everything throws Error naming the path.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();  // what was not kept is removed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const std::string& bytes);
  // Flushes to the disk and renames. The last call.
  void keep();

 private:
  [[noreturn]] void fail();

  std::string path_, temporary_;
  int file_ = -1;
};

}  // namespace cvtool
