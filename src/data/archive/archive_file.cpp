#include "data/archive/archive_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace cvtool {
namespace {

FileStamp stamp_of_status(const struct stat& status) {
  return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino),
          static_cast<int64_t>(status.st_size), static_cast<int64_t>(status.st_mtim.tv_sec),
          static_cast<int64_t>(status.st_mtim.tv_nsec)};
}

}  // namespace

bool stamp_of_file(const std::string& path, FileStamp& stamp) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  stamp = stamp_of_status(status);
  return true;
}

ArchiveFile::ArchiveFile(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat status {};
  const bool opened = file_ >= 0 && ::fstat(file_, &status) == 0;
  const int reason = errno;
  if (!opened || !S_ISREG(status.st_mode)) {
    if (file_ >= 0) ::close(file_);
    throw DataError(std::string("cannot be read: ") + (opened ? "it is not a file" : std::strerror(reason)));
  }
  stamp_ = stamp_of_status(status);
}

ArchiveFile::~ArchiveFile() { ::close(file_); }

std::string ArchiveFile::read(uint64_t offset, size_t count) const {
  if (!holds(offset, count)) throw DataError("is cut short");
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(file_, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) throw DataError("is cut short");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace cvtool
