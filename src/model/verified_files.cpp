#include "model/verified_files.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/version.h"
#include "model/weights/sha256.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr size_t kMaxFiles = 1000, kKeyDigits = 64;

std::string list_path() { return cache_folder() + "/verified.txt"; }

std::vector<std::string> remembered() {
  std::error_code error;
  const std::string path = list_path();
  // Whatever else lies there may be endless.
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > 2 * kMaxFiles * (kKeyDigits + 1)) return {};
  try {
    auto keys = split(read_file(path), '\n');
    const auto is_key = [](const std::string& key) { return key.size() == kKeyDigits; };
    keys.erase(std::stable_partition(keys.begin(), keys.end(), is_key), keys.end());
    return keys;
  } catch (const Error&) {
    return {};
  }
}

std::string key_of(const std::string& path, const std::string& identity) {
  std::error_code error;
  return sha256_of_bytes(std::string(kVersion) + "\n" + fs::absolute(path, error).string() + "\n" + identity);
}

}  // namespace

bool is_verified(const std::string& path, const std::string& identity) {
  const auto keys = remembered();
  return !identity.empty() && std::find(keys.begin(), keys.end(), key_of(path, identity)) != keys.end();
}

void remember_verified(const std::string& path, const std::string& identity) {
  if (identity.empty()) return;
  auto keys = remembered();
  if (keys.size() >= kMaxFiles) keys.erase(keys.begin(), keys.end() - (kMaxFiles - 1));
  keys.push_back(key_of(path, identity));
  try {
    make_folders(cache_folder());
    write_file_atomically(list_path(), join(keys, "\n"));
  } catch (const Error&) {
    return;  // checked again next time
  }
}

}  // namespace cvtool
