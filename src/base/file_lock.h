// A lock on a file or folder that goes with the process, however it ends (flock).
#pragma once

#include <string>

namespace cvtool {

class FileLock {
 public:
  // Opens `path` with `flags` (of open(2), beside reading) and takes the lock `operation` (of flock(2)).
  FileLock(const std::string& path, int flags, int operation);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const { return held_; }
  // True where another process has it: the path could be opened, and the lock was refused for that.
  bool refused() const { return refused_; }

 private:
  int descriptor_;
  bool held_ = false, refused_ = false;
};

}  // namespace cvtool
