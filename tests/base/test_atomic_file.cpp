#include "base/atomic_file.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

int flushed = 0, flush_error = 0, link_error = 0;

template <class... Arguments>
int call_of_system(const char* name, Arguments... arguments) {
  using Call = int (*)(Arguments...);
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name))(arguments...);
}

int refused(int error) {
  errno = error;
  return -1;
}

}  // namespace

// Whoever flushes or links in this program comes here first.
extern "C" int fsync(int file) {
  ++flushed;
  return flush_error != 0 ? refused(flush_error) : call_of_system("fsync", file);
}
extern "C" int link(const char* from, const char* to) noexcept {
  return link_error != 0 ? refused(link_error) : call_of_system("link", from, to);
}

namespace {

int flushes_of(const std::function<void()>& call) {
  flushed = 0;
  call();
  return flushed;
}

size_t open_descriptors() { return names_in("/proc/self/fd").size(); }

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::string reason_of(int code) {
  errno = code;
  return system_reason();
}

}  // namespace

TEST_CASE("What is written lies on the disk before it is called so") {
  const Scratch folder;
  CHECK(flushes_of([&] { write_file_atomically(folder / "a", "1"); }) == 2);  // the file, then its name
  CHECK(flushes_of([&] { append_to_file(folder / "a", "2"); }) == 1);
  CHECK(flushes_of([&] { write_file_atomically("/dev/null", "1"); }) == 0);
  AtomicFile file(folder / "b");
  flush_error = EIO;
  const std::string kept = message_of([&] { file.flush(); });
  const std::string appended = message_of([&] { append_to_file(folder / "a", "3"); });
  flush_error = EINVAL;  // what lies on no disk
  CHECK_NOTHROW(file.flush());
  flush_error = 0;
  CHECK(contains(kept, "cannot write " + folder / "b"));
  CHECK(contains(appended, "cannot write " + folder / "a"));
  CHECK(content_of(folder / "a") == "12");
}

TEST_CASE("No descriptor is left open, whatever is written and whether or not it is kept") {
  const Scratch folder;
  const size_t before = open_descriptors();
  write_file_atomically(folder / "a", "1");
  append_to_file(folder / "a", "2");
  append_to_file("/dev/null", "2");
  write_file_atomically("/dev/null", "1");
  { AtomicFile dropped(folder / "b"); }
  { AtomicFile dropped("/dev/null"); }
  {
    AtomicFile file(folder / "c", FileKind::kOwn);
    CHECK(file.keep_new());
  }
  CHECK_THROWS_AS(write_file_atomically(folder.path(), "1"), Error);
  CHECK_THROWS_AS(append_to_file(folder.path(), "1"), Error);
  CHECK(open_descriptors() == before);
}

TEST_CASE("A new file has the mode that the user's mask leaves, one for the user's eyes none for others") {
  const Scratch folder;
  const mode_t mask = ::umask(0);
  write_file_atomically(folder / "a", "1");
  append_to_file(folder / "b", "1");
  {
    AtomicFile file(folder / "c", FileKind::kPrivate);
    file.keep();
  }
  ::umask(mask);
  CHECK(mode_of(folder / "a") == 0666);
  CHECK(mode_of(folder / "b") == 0666);
  CHECK(mode_of(folder / "c") == 0600);
}

TEST_CASE("What an earlier call has left in errno changes nothing") {
  const Scratch folder;
  for (const int code : {EINTR, EEXIST}) {
    CAPTURE(code);
    errno = code;
    write_file_atomically(folder / "a", "some bytes");
    errno = code;
    CHECK(read_file(folder / "a") == "some bytes");
    errno = code;
    append_to_file(folder / "a", ", and more");
    CHECK(content_of(folder / "a") == "some bytes, and more");
    CHECK(names_in(folder.path()).size() == 1);
  }
}

TEST_CASE("Space that the system does not give is refused") {
  const Scratch folder;
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  AtomicFile file(folder / "a");
  const rlimit small{4096, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string too_much = message_of([&] { file.reserve(1 << 20); });
  CHECK(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(contains(too_much, "raise the limit"));
  CHECK_NOTHROW(file.reserve(1 << 16));
}

TEST_CASE("What the system refuses is told with what to do about it") {
  for (const int code : {ENOSPC, EDQUOT}) CHECK(contains(reason_of(code), "; free some space and run it again"));
  for (const int code : {EACCES, EROFS, EPERM})
    CHECK(contains(reason_of(code), "; choose a folder that you may write"));
  for (const int code : {ENOENT, ENOTDIR}) CHECK(contains(reason_of(code), "; make its folder first"));
  CHECK(contains(reason_of(EFBIG), "raise the limit"));
  CHECK(contains(reason_of(EISDIR), "; name a file in it"));
  CHECK(contains(reason_of(EBUSY), "; it is mounted by itself"));
  CHECK(reason_of(EIO) == std::strerror(EIO));
}

TEST_CASE("A name that the program chooses takes the place of a link, even of one that leads nowhere or to a folder") {
  const Scratch folder;
  fs::create_directory(folder / "elsewhere");
  fs::create_directory_symlink(folder / "elsewhere", folder / "link");
  {
    AtomicFile file(folder / "link", FileKind::kOwn);
    file.write("1");
    file.keep();
  }
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "link")));
  CHECK((mode_of(folder / "link") & 0111) == 0);  // not the mode of what the link led to
  CHECK(fs::is_empty(folder / "elsewhere"));
  fs::create_symlink("nowhere", folder / "dangling");
  AtomicFile file(folder / "dangling", FileKind::kOwn);
  CHECK_FALSE(file.keep_new());
  CHECK(fs::is_symlink(fs::symlink_status(folder / "dangling")));
}

TEST_CASE("A new file replaces nothing where the file system has no hard links") {
  const Scratch folder;
  folder.write("there", "old");
  link_error = EPERM;
  for (const char* name : {"there", "new"}) {
    AtomicFile file(folder / name, FileKind::kOwn);
    file.write("new");
    CHECK(file.keep_new() == (name == std::string("new")));
  }
  link_error = 0;
  CHECK(content_of(folder / "there") == "old");
  CHECK(content_of(folder / "new") == "new");
  CHECK(names_in(folder.path()).size() == 2);
}

TEST_CASE("Another user's file is replaced without the right to run as that user") {
  const Scratch folder;
  const std::string path = folder.write("a", "old");
  fs::permissions(folder.path(), fs::perms::all);
  constexpr uid_t kNobody = 65534;
  if (::geteuid() != 0 || ::chmod(path.c_str(), 04667) != 0 || ::seteuid(kNobody) != 0) return;
  const bool reached = ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;  // else the folder above is closed
  std::string thrown;
  if (reached) thrown = message_of([&] { write_file_atomically(path, "new"); });
  REQUIRE(::seteuid(0) == 0);
  if (!reached) return;
  CHECK(thrown == "");
  CHECK(content_of(path) == "new");
  CHECK(mode_of(path) == 0667);
}

TEST_CASE("A folder that appears where a file is to be kept is an error, and nothing is left behind") {
  const Scratch folder;
  {
    AtomicFile file(folder / "a");
    file.write("1");
    fs::create_directory(folder / "a");
    CHECK(contains(message_of([&] { file.keep(); }), "cannot write " + folder / "a"));
  }
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
}

TEST_CASE("A stream is given all bytes, however many, and may be the first descriptor") {
  const Scratch folder;
  std::string bytes(3'000'001, 'x');
  bytes.back() = 'y';
  const int file = ::open(folder.write("a", "").c_str(), O_WRONLY | O_APPEND);
  const int kept = ::dup(0);
  REQUIRE(::dup2(file, 0) == 0);
  write_file_atomically("/dev/fd/0", "begin ");
  ::close(0);
  const size_t before = open_descriptors();
  write_file_atomically("/dev/fd/" + std::to_string(file), bytes);
  append_to_file("/dev/fd/" + std::to_string(file), "");
  append_to_file(folder / "a", "");
  CHECK(open_descriptors() == before);
  write_file_atomically("/dev/fd/" + std::to_string(file), "");
  if (kept >= 0) ::dup2(kept, 0), ::close(kept);
  ::close(file);
  CHECK(content_of(folder / "a") == "begin " + bytes);
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
}

TEST_CASE("The mark of a half-written file is hexadecimal") {
  CHECK(is_temporary("a.part0123abcd"));
  for (const char* name : {"a.part0123abcg", "a.part0123abcde", "a.part0123abc", "a.0123abcd", "part0123abcd", ""})
    CHECK_FALSE(is_temporary(name));
}

TEST_CASE("An empty HOME is none") {
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  const std::string cache = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", "", 1);
  CHECK(cache_folder() == "./.cache/cvtool");
  ::setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  ::setenv("HOME", home.c_str(), 1);
}
