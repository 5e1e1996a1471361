#include "base/disk.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace fs = std::filesystem;

namespace cvtool {
namespace {

fs::path nearest_there(const std::string& path) {
  std::error_code error;
  fs::path folder = fs::absolute(path, error);
  while (!fs::exists(folder, error) && folder != folder.parent_path()) folder = folder.parent_path();
  return folder;
}

}  // namespace

int64_t free_disk_bytes(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(nearest_there(folder).c_str(), &status) != 0) return -1;
  return static_cast<int64_t>(status.f_bavail * status.f_frsize);
}

bool is_writable(const std::string& folder) {
  const fs::path there = nearest_there(folder);
  std::error_code error;
  if (!fs::is_directory(there, error)) return false;
  // A file without a name, which is gone when it is closed.
  const int file = ::open(there.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
  // Some file systems have none of these.
  return file >= 0 || ((errno == EOPNOTSUPP || errno == EISDIR) && ::access(there.c_str(), W_OK | X_OK) == 0);
}

}  // namespace cvtool
