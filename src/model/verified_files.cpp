#include "model/verified_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/version.h"
#include "model/weights/sha256.h"

namespace cvtool {
namespace {

constexpr size_t kMaxFiles = 1000;

std::string list_path() { return cache_folder() + "/verified.txt"; }

std::vector<std::string> remembered() {
  std::error_code error;
  return std::filesystem::exists(list_path(), error) ? split(read_file(list_path()), '\n') : std::vector<std::string>{};
}

// "" when there is no such file.
std::string key_of(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return "";
  std::string facts = std::string(kVersion) + "\n" + std::filesystem::absolute(path).string();
  for (const int64_t fact :
       {static_cast<int64_t>(s.st_dev), static_cast<int64_t>(s.st_ino), static_cast<int64_t>(s.st_size),
        static_cast<int64_t>(s.st_mtim.tv_sec), static_cast<int64_t>(s.st_mtim.tv_nsec),
        static_cast<int64_t>(s.st_ctim.tv_sec), static_cast<int64_t>(s.st_ctim.tv_nsec)})
    facts += "\n" + std::to_string(fact);
  return sha256_of_bytes(facts);
}

}  // namespace

bool is_verified(const std::string& path) {
  const std::string key = key_of(path);
  const auto keys = remembered();
  return !key.empty() && std::find(keys.begin(), keys.end(), key) != keys.end();
}

void remember_verified(const std::string& path) {
  try {
    auto keys = remembered();
    if (keys.size() >= kMaxFiles) keys.erase(keys.begin(), keys.end() - (kMaxFiles - 1));
    keys.push_back(key_of(path));
    make_folders(cache_folder());
    write_file_atomically(list_path(), join(keys, "\n"));
  } catch (const Error&) {
    return;  // checked again next time
  }
}

}  // namespace cvtool
