#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace cvtool {

std::string system_reason() {
  const int code = errno;
  std::string reason = std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) reason += "; free some space and run it again";
  if (code == EACCES || code == EROFS || code == EPERM) reason += "; choose a folder that you may write to";
  return reason;
}

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), temporary_(path_ + ".part" + std::to_string(::getpid())) {
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail();
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail() { throw Error("cannot write " + path_ + ": " + system_reason()); }

void AtomicFile::write(const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file_, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail();
    done += static_cast<size_t>(wrote);
  }
}

void AtomicFile::keep() {
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) fail();
  const int file = std::exchange(file_, -1);
  if (::close(file) == 0 && ::rename(temporary_.c_str(), path_.c_str()) == 0) return;
  const int kept = errno;
  ::unlink(temporary_.c_str());
  errno = kept;
  fail();
}

}  // namespace cvtool
