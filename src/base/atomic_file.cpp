#include "base/atomic_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "base/error.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kMark = ".part";
constexpr size_t kMarkDigits = 8;
constexpr int kMostLinks = 40;  // as many as the kernel follows

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// The descriptor that a name such as /dev/stdout or /dev/fd/3 stands for; -1 for other names. To open the name would
// begin anew at the start of what the descriptor has been writing to.
int named_descriptor(const std::string& link) {
  char resolved[PATH_MAX];
  struct statfs system {};
  if (!::realpath(folder_of(link).c_str(), resolved) || ::statfs(resolved, &system) != 0 ||
      system.f_type != PROC_SUPER_MAGIC || std::string(resolved) != "/proc/" + std::to_string(::getpid()) + "/fd")
    return -1;
  return std::atoi(fs::path(link).filename().c_str());
}

struct Place {
  std::string path;     // the last name behind all links
  int descriptor = -1;  // where that is one of this process
};

// Follows links by name, since what they point at need not be there. Sets errno and returns "" for a circle.
Place place_of(const std::string& path) {
  Place place{path};
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(place.path, error))) return place;
    place.descriptor = named_descriptor(place.path);
    if (place.descriptor >= 0) return place;
    const fs::path next = fs::read_symlink(place.path, error);
    if (error) return place;
    place.path = next.is_absolute() ? next.string() : (fs::path(place.path).parent_path() / next).string();
  }
  errno = ELOOP;
  return {};
}

bool takes_bytes_as_they_come(const Place& place) {
  struct stat status {};
  return place.descriptor >= 0 ||
         (::stat(place.path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode));
}

std::string name_of(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

// A file in the folder that has no name yet, for name_of() to be linked; -1 where there are none.
int open_nameless(const std::string& folder, mode_t mode) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (file < 0 || ::access(name_of(file).c_str(), F_OK) == 0) return file;
  ::close(file);  // without /proc it could not be named
  return -1;
}

bool link_file(const std::string& from, const std::string& to) {
  return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// Returns false with errno set.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

std::string system_reason() {
  const int code = errno;
  std::string reason = std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) reason += "; free some space and run it again";
  if (code == EFBIG) reason += " (ulimit -f); raise the limit and run it again";
  if (code == EACCES || code == EROFS || code == EPERM) reason += "; choose a folder that you may write to";
  if (code == EISDIR) reason += "; name a file in it";
  if (code == EBUSY) reason += "; it is mounted by itself, choose a name in a folder";
  if (code == ENOENT || code == ENOTDIR) reason += "; make its folder first, or choose another name";
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

void flush_folder_of(const std::string& path) {
  const int file = ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

bool is_stream(const std::string& path) { return takes_bytes_as_they_come(place_of(path)); }

void append_to_file(const std::string& path, std::string_view bytes) {
  constexpr int kMode = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
  const Place place = place_of(path);
  const bool own = place.descriptor < 0;  // else where this program writes already, and goes on writing
  int file = own ? ::open(path.c_str(), kMode) : ::fcntl(place.descriptor, F_DUPFD_CLOEXEC, 0);
  const bool made = own && file < 0 && errno == ENOENT;
  if (made) file = ::open(path.c_str(), kMode | O_CREAT, 0666);
  struct stat before {};
  bool good = file >= 0 && ::fstat(file, &before) == 0 && write_all(file, bytes);
  const bool regular = own && S_ISREG(before.st_mode);
  if (good && regular) good = ::fsync(file) == 0;
  const int reason = errno;
  if (!good && regular) (void)!::ftruncate(file, before.st_size);
  if (!good && regular && made) ::unlink(path.c_str());
  if (file >= 0) ::close(file);
  errno = reason;
  if (!good) throw Error("cannot write " + path + ": " + system_reason());
}

AtomicFile::AtomicFile(std::string path, FileKind kind) : path_(std::move(path)), target_(path_), kind_(kind) {
  if (kind_ == FileKind::kOutput) {
    const Place place = place_of(path_);
    target_ = place.path;
    if (target_.empty()) fail();
    if (takes_bytes_as_they_come(place)) {
      stream_ = place.descriptor >= 0 ? ::fcntl(place.descriptor, F_DUPFD_CLOEXEC, 0)
                                      : ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
      open_stream();
    }
  }
  if (stream_ < 0) open_for_target();
}

AtomicFile::~AtomicFile() {
  if (stream_ >= 0) ::close(stream_);
  if (file_ < 0) return;
  ::close(file_);
  if (named_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail() const { throw Error("cannot write " + path_ + ": " + system_reason()); }

void AtomicFile::open_stream() {
  if (stream_ >= 0) file_ = ::memfd_create("cvtool", MFD_CLOEXEC);
  if (file_ < 0) {
    // The destructor of what was not constructed does not run.
    const int reason = errno;
    if (stream_ >= 0) ::close(stream_);
    errno = reason;
    fail();
  }
  temporary_ = name_of(file_);
}

void AtomicFile::open_for_target() {
  struct stat old {};
  const bool there = (kind_ == FileKind::kOutput ? ::stat : ::lstat)(target_.c_str(), &old) == 0;
  if (there && S_ISDIR(old.st_mode)) {
    errno = EISDIR;
    fail();
  }
  const bool replaces = there && S_ISREG(old.st_mode);
  if (replaces && ::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) fail();
  const mode_t mode = kind_ == FileKind::kPrivate ? 0600 : 0666;
  file_ = open_nameless(folder_of(target_), mode);
  if (file_ >= 0)
    temporary_ = name_of(file_);
  else
    open_beside(mode);
  if (replaces && kind_ != FileKind::kPrivate) take_over_mode();
}

void AtomicFile::open_beside(mode_t mode) {
  do {
    temporary_ = temporary_beside(target_);
    file_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) fail();
  named_ = true;
}

// What the system refuses (only root may give files away) is left as it is.
void AtomicFile::take_over_mode() {
  struct stat old {
  }, own{};
  if (::stat(target_.c_str(), &old) != 0 || ::fstat(file_, &own) != 0) return;
  bool owner_kept = old.st_uid == own.st_uid && old.st_gid == own.st_gid;
  if (!owner_kept) owner_kept = ::fchown(file_, old.st_uid, old.st_gid) == 0;
  if (!owner_kept) (void)!::fchown(file_, static_cast<uid_t>(-1), old.st_gid);
  // A file of another owner must not run as that of this one.
  (void)!::fchmod(file_, old.st_mode & (owner_kept ? 07777 : 0777));
}

void AtomicFile::write(std::string_view bytes) {
  if (!write_all(file_, bytes)) fail();
}

void AtomicFile::reserve(size_t bytes) {
  errno = ::posix_fallocate(file_, 0, static_cast<off_t>(bytes));
  if (errno != 0) fail();
}

void AtomicFile::flush() {
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) fail();
}

void AtomicFile::copy_to_stream() {
  if (::lseek(file_, 0, SEEK_SET) != 0) fail();
  std::string piece(1 << 20, '\0');
  for (;;) {
    const ssize_t got = ::read(file_, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || !write_all(stream_, std::string_view(piece).substr(0, static_cast<size_t>(got)))) fail();
    if (got == 0) break;
  }
  // Some file systems say only now that there was no room.
  if (::close(std::exchange(stream_, -1)) != 0 && errno != EINTR) fail();
}

void AtomicFile::keep() {
  if (stream_ >= 0) {
    copy_to_stream();
    ::close(std::exchange(file_, -1));
    return;
  }
  flush();
  if (!named_) name_it();
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  named_ = false;
  ::close(std::exchange(file_, -1));
  flush_folder_of(target_);
}

// Only rename() replaces what is there, and it takes names.
void AtomicFile::name_it() {
  std::string name = temporary_beside(target_);
  while (!link_file(temporary_, name)) {
    if (errno != EEXIST) fail();
    name = temporary_beside(target_);
  }
  temporary_ = name;
  named_ = true;
}

bool AtomicFile::keep_new() {
  if (link_file(temporary_, target_)) return true;
  const int reason = errno;
  if (reason == EEXIST || ::access(target_.c_str(), F_OK) == 0) return false;
  // Some file systems have no hard links. The temporary name goes with the destructor.
  errno = reason;
  if (!named_ || ::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  return true;
}

}  // namespace cvtool
