#include "base/cache_files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Caches of its own, and a limit.
struct Home {
  Scratch folder;
  explicit Home(const char* limit = "100") {
    ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
    ::setenv("XDG_DATA_HOME", (folder / "data").c_str(), 1);
    ::setenv("CVTOOL_CACHE_LIMIT", limit, 1);
  }
  ~Home() {
    for (const char* name : {"XDG_CACHE_HOME", "XDG_DATA_HOME", "CVTOOL_CACHE_LIMIT"}) ::unsetenv(name);
  }
  // A file of some kind that was last used so long ago.
  std::string file(const std::string& name, size_t kilobytes, int days) const {
    const std::string path = folder.write("cache/cvtool/" + name, std::string(kilobytes * 1000, 'x'));
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
    return path;
  }
};

// Another process that holds a file until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      hold_cache_file(::open(path.c_str(), O_RDWR));
      (void)!::write(ready[1], "x", 1);
      while (true) ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_;
};

std::string room_for(int64_t bytes) {
  bool made = false;
  const std::string problem = make_cache_room(
      bytes, [] { return false; }, [&] { made = true; });
  CHECK(made == problem.empty());
  return problem;
}

}  // namespace

TEST_CASE("The caches are listed by kind with their size and age") {
  const Home home;
  home.file("pixels/old", 40, 9);
  home.file("pixels/new", 20, 1);
  home.file("verified.txt", 1, 2);
  home.folder.write("data/cvtool/bases/vgg16.pt", "net");
  fs::create_directories(home.folder / "cache/cvtool/pixels/folder");
  const auto files = cache_files();
  REQUIRE(files.size() == 4);
  CHECK(fs::path(files[0].path).filename() == "new");
  CHECK(files[1].kind == "pixels");
  CHECK(files[1].bytes >= 40'000);
  CHECK(files[1].bytes < 60'000);
  CHECK(files[1].unused_s == doctest::Approx(9 * 24 * 3600).epsilon(0.001));
  CHECK_FALSE(files[1].in_use);
  CHECK(files[2].kind == "verified");
  CHECK(files[3].kind == "bases");
  CHECK(cache_files({"bases"}).size() == 1);
  CHECK(cache_files({"features"}).empty());
}

TEST_CASE("A file that another process uses is not removed, until that process ends") {
  const Home home;
  const std::string path = home.file("pixels/a", 10, 1);
  {
    const Holder holder(path);
    CHECK(cache_files().at(0).in_use);
    CHECK(cache_files().at(0).unused_s < 60);
    CHECK_FALSE(remove_cache_file(path));
  }
  CHECK(fs::exists(path));
  CHECK_FALSE(cache_files().at(0).in_use);
  CHECK(remove_cache_file(path));
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("The file that has not been used for longest makes room, whatever its kind, and never one in use") {
  const Home home("1");
  home.file("pixels/in_use", 300, 9);
  home.file("features/oldest", 300, 8);
  home.file("pixels/older", 300, 5);
  home.file("bases", 10, 9);
  const Holder holder(home.folder / "cache/cvtool/pixels/in_use");
  CHECK(room_for(50'000).empty());
  CHECK(cache_files().size() == 3);
  CHECK(room_for(200'000).empty());
  CHECK(names_in(home.folder / "cache/cvtool/features").empty());
  CHECK(names_in(home.folder / "cache/cvtool/pixels") == std::set<std::string>{"in_use", "older"});
  CHECK(room_for(600'000).empty());
  CHECK(names_in(home.folder / "cache/cvtool/pixels") == std::set<std::string>{"in_use"});
  CHECK(contains(room_for(900'000), "CVTOOL_CACHE_LIMIT"));
}

TEST_CASE("A file that can never fit costs the others nothing; a month unused does") {
  const Home home("1");
  home.file("pixels/young", 300, 29);
  home.file("pixels/old", 10, 31);
  CHECK(contains(room_for(2'000'000), "it needs 2 MiB"));
  CHECK(names_in(home.folder / "cache/cvtool/pixels") == std::set<std::string>{"young"});
}

TEST_CASE("What a killed program has left in a cache goes when the next file is made") {
  const Home home;
  home.file("nets/whole", 10, 0);
  home.file("nets/net.part0123abcd", 10, 0);
  home.file("pixels/in_use.part0123abcd", 10, 0);
  const Holder holder(home.folder / "cache/cvtool/pixels/in_use.part0123abcd");
  CHECK(room_for(1000).empty());
  CHECK(names_in(home.folder / "cache/cvtool/nets") == std::set<std::string>{"whole"});
  CHECK(names_in(home.folder / "cache/cvtool/pixels") == std::set<std::string>{"in_use.part0123abcd"});
}

TEST_CASE("The caches' limit is a number of megabytes, else half of what the disk has for them") {
  {
    const Home home("2.5");
    CHECK(cache_limit_bytes() == 2'500'000);
  }
  for (const char* wrong : {"10GB", "-1", "nan", "x"}) {
    const Home home(wrong);
    CHECK_THROWS_AS(cache_limit_bytes(), UsageError);
    CHECK(contains(message_of([] { cache_limit_bytes(); }), std::string("CVTOOL_CACHE_LIMIT=") + wrong));
  }
  const Home home("");
  const auto space = fs::space(home.folder.path());
  CHECK(static_cast<double>(cache_limit_bytes()) ==
        doctest::Approx(static_cast<double>(space.available) / 2).epsilon(0.05));
}
