#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "base/error.h"

namespace cvtool {
namespace {

constexpr const char* kMark = ".part";
constexpr size_t kMarkDigits = 8;

// A rename lies on the disk when its folder does. Not every file system can say so: no error.
void flush_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

std::string system_reason() {
  const int code = errno;
  std::string reason = std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) reason += "; free some space and run it again";
  if (code == EACCES || code == EROFS || code == EPERM) reason += "; choose a folder that you may write to";
  return reason;
}

std::string temporary_beside(const std::string& path) {
  char digits[kMarkDigits + 1];
  std::snprintf(digits, sizeof digits, "%08x", std::random_device()());
  return path + kMark + digits;
}

bool is_temporary(const std::string& name) {
  const size_t mark = name.rfind(kMark), digits = mark + std::strlen(kMark);
  return mark != std::string::npos && name.size() == digits + kMarkDigits &&
         name.find_first_not_of("0123456789abcdef", digits) == std::string::npos;
}

AtomicFile::AtomicFile(std::string path, unsigned mode) : path_(std::move(path)) {
  do {
    temporary_ = temporary_beside(path_);
    file_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) fail();
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail() const { throw Error("cannot write " + path_ + ": " + system_reason()); }

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail();
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
}

void AtomicFile::reserve(size_t bytes) {
  errno = ::posix_fallocate(file_, 0, static_cast<off_t>(bytes));
  if (errno != 0) fail();
}

void AtomicFile::flush() {
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) fail();
}

void AtomicFile::keep() {
  flush();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  ::close(std::exchange(file_, -1));
  flush_folder(path_);
}

bool AtomicFile::keep_new() {
  const bool linked = ::link(temporary_.c_str(), path_.c_str()) == 0;
  const bool taken = !linked && (errno == EEXIST || ::access(path_.c_str(), F_OK) == 0);
  // Some file systems have no hard links. The temporary name goes with the destructor.
  if (!linked && !taken && ::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  return !taken;
}

}  // namespace cvtool
