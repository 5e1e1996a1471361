#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

std::string reason() { return std::strerror(errno); }

std::string next_step() {
  if (errno == ENOSPC || errno == EDQUOT) return "; free some space and run it again";
  if (errno == EACCES || errno == EROFS || errno == EPERM) return "; choose a folder that you may write to";
  return "";
}

[[noreturn]] void fail_writing(const std::string& path, const std::string& temporary) {
  const std::string message = "cannot write " + path + ": " + reason() + next_step();
  if (!temporary.empty()) ::unlink(temporary.c_str());
  throw Error(message);
}

std::string folder_from_environment(const char* variable, const char* below_home) {
  const char* set = std::getenv(variable);
  if (set && *set) return std::string(set) + "/cvtool";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : ".") + "/" + below_home + "/cvtool";
}

}  // namespace

std::string read_file(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) throw Error("cannot read " + path + ": it is a folder");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (in) bytes << in.rdbuf();
  if (!in.is_open() || in.bad()) throw Error("cannot read " + path + ": " + reason());
  return std::move(bytes).str();
}

void write_file_atomically(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + ".part" + std::to_string(::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail_writing(path, "");
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int kept = errno;
      ::close(file);
      errno = kept;
      fail_writing(path, temporary);
    }
    done += static_cast<size_t>(wrote);
  }
  const bool flushed = ::fsync(file) == 0 || errno == EINVAL || errno == EROFS;
  const int kept = errno;
  const bool closed = ::close(file) == 0;
  if (!flushed) errno = kept;
  if (!flushed || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) fail_writing(path, temporary);
}

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || !fs::is_directory(path)) {
    errno = error ? error.value() : ENOTDIR;
    throw Error("cannot make the folder " + path + ": " + reason() + next_step());
  }
}

void point_link(const std::string& link, const std::string& target) {
  const std::string temporary = link + ".part" + std::to_string(::getpid());
  std::error_code error;
  if (fs::exists(fs::symlink_status(link, error)) && !fs::is_symlink(fs::symlink_status(link, error))) return;
  fs::remove(temporary, error);
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
