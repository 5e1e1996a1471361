#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/atomic_file.h"
#include "base/error.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

std::string reason() { return std::strerror(errno); }

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
