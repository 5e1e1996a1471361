#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

std::string identity_text(const struct stat& s) {
  std::string text;
  for (const int64_t fact :
       {static_cast<int64_t>(s.st_dev), static_cast<int64_t>(s.st_ino), static_cast<int64_t>(s.st_size),
        static_cast<int64_t>(s.st_mtim.tv_sec), static_cast<int64_t>(s.st_mtim.tv_nsec),
        static_cast<int64_t>(s.st_ctim.tv_sec), static_cast<int64_t>(s.st_ctim.tv_nsec)})
    text += std::to_string(fact) + " ";
  return text;
}

std::string identity_of(int file) {
  struct stat s {};
  return ::fstat(file, &s) == 0 ? identity_text(s) : "";
}

FileContent content_of(const std::string& path, bool with_identity) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  FileContent content;
  if (with_identity && file >= 0) content.identity = identity_of(file);
  const bool read = file >= 0 && read_to_end(file, content.bytes);
  const int reason = errno;
  if (with_identity && read && identity_of(file) != content.identity) content.identity.clear();
  if (file >= 0) ::close(file);
  if (!read) throw Error("cannot read " + path + ": " + (reason == EISDIR ? "it is a folder" : std::strerror(reason)));
  return content;
}

std::string folder_from_environment(const char* variable, const char* below_home) {
  const char* set = std::getenv(variable);
  if (set && *set) return std::string(set) + "/cvtool";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : ".") + "/" + below_home + "/cvtool";
}

}  // namespace

bool read_to_end(int file, std::string& bytes) {
  struct stat status {};
  size_t used = bytes.size();
  // One byte more than the file holds, so that its end is met without growing.
  if (::fstat(file, &status) == 0 && status.st_size > 0) bytes.resize(used + static_cast<size_t>(status.st_size) + 1);
  for (;;) {
    if (used == bytes.size()) bytes.resize(used + kPieceBytes);
    const ssize_t got = ::read(file, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  bytes.resize(used);
  return true;
}

FileContent read_file_and_identity(const std::string& path) { return content_of(path, true); }

std::string file_identity(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? identity_text(s) : "";
}

std::string read_file(const std::string& path) { return content_of(path, false).bytes; }

void write_file_atomically(const std::string& path, const std::string& bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.keep();
}

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || !fs::is_directory(path)) {
    errno = error ? error.value() : ENOTDIR;
    throw Error("cannot make the folder " + path + ": " + system_reason());
  }
}

std::string own_file(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(path, error))) fs::remove(path, error);
  return path;
}

bool stays_inside(const std::string& name) {
  const auto parts = split(name, '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

void point_link(const std::string& link, const std::string& target) {
  const std::string temporary = temporary_beside(link);
  std::error_code error;
  if (fs::exists(fs::symlink_status(link, error)) && !fs::is_symlink(fs::symlink_status(link, error))) return;
  fs::create_directory_symlink(target, temporary, error);
  if (error) return;
  fs::rename(temporary, link, error);
  if (error) fs::remove(temporary, error);
}

std::string cache_folder() { return folder_from_environment("XDG_CACHE_HOME", ".cache"); }

std::string user_data_folder() { return folder_from_environment("XDG_DATA_HOME", ".local/share"); }

std::string share_folder() {
  if (const char* set = std::getenv("CVTOOL_SHARE"); set && *set) return set;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share" / "cvtool").string();
}

}  // namespace cvtool
