#include "base/cache_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kLimitVariable = "CVTOOL_CACHE_LIMIT";
constexpr int64_t kMegabyte = 1'000'000;
constexpr double kUnusedFor_s = 30.0 * 24 * 3600;

std::vector<std::string> limited_kinds() {
  std::vector<std::string> names;
  for (const CacheKind& kind : cache_kinds())
    if (kind.limited) names.push_back(kind.name);
  return names;
}

// What lies in a cache may be anything.
constexpr int kOpenFlags = O_NOFOLLOW | O_NONBLOCK;

CacheFile cache_file(const std::string& kind, const std::string& path, const struct stat& status) {
  const FileLock lock(path, kOpenFlags, LOCK_EX | LOCK_NB);
  const double unused = std::difftime(std::time(nullptr), status.st_mtim.tv_sec);
  return {kind, path, static_cast<int64_t>(status.st_blocks) * 512, std::max(0.0, unused), lock.refused()};
}

void add_files(const CacheKind& kind, std::vector<CacheFile>& files) {
  std::vector<std::string> paths{kind.place};
  std::error_code error;
  for (auto entry = fs::directory_iterator(kind.place, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    paths.push_back(entry->path().string());
  const auto first = static_cast<std::ptrdiff_t>(files.size());
  for (const std::string& path : paths) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
      files.push_back(cache_file(kind.name, path, status));
  }
  std::stable_sort(files.begin() + first, files.end(),
                   [](const CacheFile& a, const CacheFile& b) { return a.unused_s < b.unused_s; });
}

int64_t bytes_of(const std::vector<CacheFile>& files) {
  int64_t bytes = 0;
  for (const CacheFile& file : files) bytes += file.bytes;
  return bytes;
}

std::string mebibytes(int64_t bytes) { return with_thousands((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

// What a killed program has left: who makes a file holds the caches' folder meanwhile, as the caller does now.
bool is_left_over(const CacheFile& file) { return is_temporary(fs::path(file.path).filename().string()); }

// Removes what is in the way of `bytes`, the longest unused first. Returns what is left of `limit`.
int64_t evict(int64_t bytes, int64_t limit) {
  auto files = cache_files(limited_kinds());
  std::sort(files.begin(), files.end(), [](const CacheFile& a, const CacheFile& b) { return a.unused_s > b.unused_s; });
  int64_t used = bytes_of(files);
  for (const CacheFile& file : files) {
    const bool old = file.unused_s > kUnusedFor_s, needed = bytes <= limit && used + bytes > limit;
    if ((old || needed || is_left_over(file)) && remove_cache_file(file.path)) used -= file.bytes;
  }
  return limit - used;
}

}  // namespace

std::vector<CacheKind> cache_kinds() {
  const std::string cache = cache_folder();
  return {{"pixels", "resized photos", cache + "/pixels", true, true},
          {"features", "what frozen backbones made of photos", cache + "/features", true, true},
          {"nets", "models made ready for cvtool predict", cache + "/nets", true, true},
          {"archives", "plain copies of compressed archives", cache + "/archives", true, true},
          {"weights", "weights that were fetched, not yet imported", cache + "/weights", true, false},
          {"verified", "which model files have been checked", cache + "/verified.txt", true, false},
          {"bases", "backbones that cvtool import has made", user_data_folder() + "/bases", false, false}};
}

std::string cache_place(const std::string& name) {
  for (const CacheKind& kind : cache_kinds())
    if (kind.name == name) return kind.place;
  throw Error("there is no cache of the kind " + name);
}

std::vector<CacheFile> cache_files(const std::vector<std::string>& names) {
  std::vector<CacheFile> files;
  for (const CacheKind& kind : cache_kinds())
    if (names.empty() || std::find(names.begin(), names.end(), kind.name) != names.end()) add_files(kind, files);
  return files;
}

void hold_cache_file(int descriptor) {
  ::flock(descriptor, LOCK_SH);  // whoever looks whether a file is in use is done at once
  ::futimens(descriptor, nullptr);
}

std::string own_cache_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | kOpenFlags);
  if (file < 0) return "";
  struct stat status {};
  std::string bytes;
  const bool own = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                   (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (!own || !read_to_end(file, bytes)) bytes.clear();
  if (!bytes.empty()) hold_cache_file(file);
  ::close(file);
  return bytes;
}

bool remove_cache_file(const std::string& path) {
  const FileLock lock(path, kOpenFlags, LOCK_EX | LOCK_NB);
  return lock.held() && ::unlink(path.c_str()) == 0;
}

int64_t cache_limit_bytes() {
  const char* set = std::getenv(kLimitVariable);
  if (set && *set) {
    char* end = nullptr;
    const double megabytes = std::strtod(set, &end);
    if (*end || !(megabytes >= 0 && megabytes <= 1e12))
      throw UsageError(std::string(kLimitVariable) + "=" + set +
                       " is not a number of megabytes; write 20000 for 20 GB");
    return static_cast<int64_t>(megabytes * kMegabyte);
  }
  const int64_t free = free_disk_bytes(cache_folder());
  return free < 0 ? INT64_MAX : (free + bytes_of(cache_files(limited_kinds()))) / 2;
}

std::string make_cache_room(int64_t bytes, const std::function<bool()>& is_made, const std::function<void()>& make) {
  make_folders(cache_folder());
  const FileLock one_at_a_time(cache_folder(), kOpenFlags | O_DIRECTORY, LOCK_EX);
  if (is_made()) return "";
  const int64_t limit = cache_limit_bytes(), left = evict(bytes, limit);
  const std::string needs = "it needs " + mebibytes(bytes) + ", ";
  if (bytes > left)
    return needs + mebibytes(std::max<int64_t>(0, left)) + " of the caches' limit of " + mebibytes(limit) +
           " are left; set " + kLimitVariable + " (megabytes) to another limit";
  const int64_t free = free_disk_bytes(cache_folder());
  if (free >= 0 && bytes > free / 10 * 9) return needs + mebibytes(free) + " of the disk are free";
  make();
  return "";
}

}  // namespace cvtool
