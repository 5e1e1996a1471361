#include "model/verified_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/files.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A cache folder of its own.
struct OwnCache {
  Scratch folder;
  std::string before = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
  OwnCache() { ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1); }
  ~OwnCache() { ::setenv("XDG_CACHE_HOME", before.c_str(), 1); }
};

std::string identity(const std::string& path) { return read_file_and_identity(path).identity; }

}  // namespace

TEST_CASE("A file is remembered as it was read, and not what has taken its place meanwhile") {
  const OwnCache cache;
  const std::string path = cache.folder.write("best.pt", "checked"), read = identity(path);
  CHECK_FALSE(is_verified(path, read));
  write_file_atomically(path, "another");  // by a training, after the first one was read
  remember_verified(path, read);
  CHECK(is_verified(path, read));
  CHECK_FALSE(is_verified(path, identity(path)));
  CHECK_FALSE(is_verified(cache.folder / "copy.pt", read));
  remember_verified(path, "");
  CHECK_FALSE(is_verified(path, ""));
}

TEST_CASE("A list of checked files that cannot be read holds nothing, and is no error") {
  const OwnCache cache;
  const std::string path = cache.folder.write("best.pt", "x"), list = cache.folder / "cvtool/verified.txt";
  const auto check_works = [&](bool remembers) {
    CHECK_FALSE(is_verified(path, identity(path)));
    CHECK_NOTHROW(remember_verified(path, identity(path)));
    CHECK(is_verified(path, identity(path)) == remembers);
    fs::remove_all(list);
  };
  cache.folder.write("cvtool/verified.txt", std::string("\0\xff garbage\n", 11) + std::string(64, '\n'));
  check_works(true);
  cache.folder.write("cvtool/verified.txt", std::string(1 << 20, 'x'));
  check_works(true);
  fs::create_directories(list + "/inside");
  check_works(false);
  REQUIRE(::mkfifo(list.c_str(), 0600) == 0);
  CHECK_FALSE(is_verified(path, identity(path)));  // nobody ever writes into it
  fs::remove(list);
  cache.folder.write("cvtool/verified.txt", "");
  ::chmod(list.c_str(), 0);
  CHECK_NOTHROW(is_verified(path, identity(path)));
}
