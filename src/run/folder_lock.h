// A run's folder has one writer.
#pragma once

#include <string>

namespace cvtool {

// Holds the folder itself (flock) until it is destroyed, or the process ends in whatever way. Where the file system has
// no locks, it holds nothing.
class FolderLock {
 public:
  // Throws UsageError where another process holds it.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace cvtool
