#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace cvtool {

FileLock::FileLock(const std::string& path, int flags, int operation)
    : descriptor_(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) return;
  held_ = ::flock(descriptor_, operation) == 0;
  refused_ = !held_ && errno == EWOULDBLOCK;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace cvtool
