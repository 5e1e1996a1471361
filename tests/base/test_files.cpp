#include "base/files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/atomic_file.h"
#include "base/error.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Restores an environment variable when it goes.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);
    was_set_ = old != nullptr;
    if (old) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { was_set_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool was_set_ = false;
};

}  // namespace

TEST_CASE("A file is written whole and replaces an older one") {
  const Scratch scratch;
  const std::string path = scratch / "a.bin", bytes("\0\xff two\n", 7);
  write_file_atomically(path, bytes);
  CHECK(read_file(path) == bytes);
  write_file_atomically(path, "");
  CHECK(read_file(path).empty());
  CHECK(names_in(scratch.path()) == std::set<std::string>{"a.bin"});
}

TEST_CASE("A file written in pieces appears when it is kept, and not without") {
  const Scratch scratch;
  const std::string path = scratch / "a.csv";
  scratch.write("a.csv", "old");
  {
    AtomicFile file(path);
    file.write("one ");
    file.write("two");
    CHECK(read_file(path) == "old");
    file.keep();
  }
  CHECK(read_file(path) == "one two");
  {
    AtomicFile file(path);
    file.write("half");
  }
  CHECK(read_file(path) == "one two");
  CHECK(names_in(scratch.path()) == std::set<std::string>{"a.csv"});
}

TEST_CASE("A file that is being written has no name, so that a killed program leaves nothing") {
  const Scratch scratch;
  const std::string path = scratch.write("best.pt", "old");
  const int nameless = ::open(scratch.path().c_str(), O_TMPFILE | O_RDWR, 0600);
  if (nameless < 0) return;  // the file system has none
  ::close(nameless);
  const pid_t process = ::fork();
  if (process == 0) {
    AtomicFile file(path);
    file.write("half");
    file.flush();
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(process, nullptr, 0);
  CHECK(names_in(scratch.path()) == std::set<std::string>{"best.pt"});
  CHECK(read_file(path) == "old");
}

TEST_CASE("What was written can be read before it is kept") {
  const Scratch scratch;
  const std::string path = scratch / "best.pt";
  AtomicFile one(path), other(path);
  one.write("one");
  other.write("other");
  CHECK(read_file(one.temporary()) == "one");
  CHECK(read_file(other.temporary()) == "other");
  other.keep();
  one.keep();
  CHECK(read_file(path) == "one");
  CHECK(names_in(scratch.path()) == std::set<std::string>{"best.pt"});
}

TEST_CASE("A half-written file is known by its name, which no other file shares") {
  const std::string one = temporary_beside("folder/best.pt"), other = temporary_beside("folder/best.pt");
  CHECK(one != other);
  CHECK(is_temporary(one));
  CHECK(is_temporary(other));
  for (const char* name : {"best.pt", "notes.partial.txt", "weights.h5.part", "thesis.part2", "a.part01234567.txt"})
    CHECK_FALSE(is_temporary(name));
}

TEST_CASE("A new file never replaces what is at its path") {
  const Scratch scratch;
  const std::string path = scratch.write("a.jpg", "old");
  {
    AtomicFile file(path);
    file.write("new");
    CHECK_FALSE(file.keep_new());
  }
  CHECK(read_file(path) == "old");
  AtomicFile file(scratch / "b.jpg");
  file.write("new");
  CHECK(file.keep_new());
  CHECK(read_file(scratch / "b.jpg") == "new");
}

TEST_CASE("A write that fails leaves nothing and says why") {
  const Scratch scratch;
  scratch.write("file", "old");
  // Below a file, into a missing folder, over a folder.
  CHECK_THROWS_AS(write_file_atomically(scratch / "file/a", "x"), Error);
  CHECK_THROWS_AS(write_file_atomically(scratch / "none/a", "x"), Error);
  fs::create_directories(scratch / "folder/inside");
  const std::string message = message_of([&] { write_file_atomically(scratch / "folder", "x"); });
  CHECK(contains(message, scratch / "folder"));
  CHECK(contains(message, "directory"));
  CHECK(names_in(scratch.path()) == std::set<std::string>{"file", "folder"});
  CHECK(read_file(scratch / "file") == "old");
}

TEST_CASE("A disk that fills up while a file is written keeps the old file and no half one") {
  // A limit on the size of files stands in for the full disk: write() fails half way in the same manner.
  const Scratch scratch;
  const std::string path = scratch.write("best.pt", "old");
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit low = old;
  low.rlim_cur = 1 << 16;
  ::setrlimit(RLIMIT_FSIZE, &low);
  const std::string message = message_of([&] { write_file_atomically(path, std::string(1 << 20, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(contains(message, "cannot write " + path));
  CHECK(read_file(path) == "old");
  CHECK(names_in(scratch.path()) == std::set<std::string>{"best.pt"});
}

TEST_CASE("An output goes where its links lead, whether or not a file is there") {
  const Scratch scratch;
  fs::create_directories(scratch / "far");
  scratch.write("far/there", "old");
  fs::create_symlink("far/there", scratch / "one");
  fs::create_symlink("one", scratch / "two");
  fs::create_symlink(scratch / "far/new", scratch / "dangling");
  fs::create_symlink("circle", scratch / "circle");
  write_file_atomically(scratch / "two", "through two links");
  write_file_atomically(scratch / "dangling", "made");
  CHECK(fs::is_symlink(scratch / "two"));
  CHECK(fs::is_symlink(scratch / "one"));
  CHECK(fs::is_symlink(scratch / "dangling"));
  CHECK(read_file(scratch / "far/there") == "through two links");
  CHECK(read_file(scratch / "far/new") == "made");
  CHECK(contains(message_of([&] { write_file_atomically(scratch / "circle", "x"); }), scratch / "circle"));
  CHECK(names_in(scratch / "far") == std::set<std::string>{"there", "new"});
  // A file at a name of the program's own choice takes the place of a link.
  AtomicFile own(scratch / "two", FileKind::kOwn);
  own.write("own");
  own.keep();
  CHECK_FALSE(fs::is_symlink(scratch / "two"));
  CHECK(read_file(scratch / "far/there") == "through two links");
}

TEST_CASE("A file that the program names itself never goes through a link") {
  const Scratch scratch;
  const std::string victim = scratch.write("victim", "old");
  fs::create_symlink(victim, scratch / "report.html");
  write_file_atomically(own_file(scratch.path(), "report.html"), "new");
  CHECK(read_file(victim) == "old");
  CHECK(read_file(scratch / "report.html") == "new");
  for (const char* name : {"a", "a/b.jpg", "..a/.b", "a..b"}) CHECK(stays_inside(name));
  for (const char* name : {"", "/a", "../a", "a/../b", "./a", "a//b", "a/"}) CHECK_FALSE(stays_inside(name));
}

TEST_CASE("What is appended stands at a file's end, and what fails leaves it as it was") {
  const Scratch scratch;
  const std::string path = scratch / "page.md";
  append_to_file(path, "one\n");
  fs::create_symlink("page.md", scratch / "link");
  append_to_file(scratch / "link", "two\n");
  CHECK(read_file(path) == "one\ntwo\n");
  CHECK(names_in(scratch.path()) == std::set<std::string>{"link", "page.md"});

  CHECK(contains(message_of([&] { append_to_file(scratch.path(), "x"); }), "name a file in it"));
  CHECK(contains(message_of([&] { append_to_file(scratch / "none/page.md", "x"); }), "make its folder first"));
  CHECK(contains(message_of([&] { append_to_file("/dev/full", "x"); }), "cannot write /dev/full: No space left"));
  // A disk that is full after ten bytes.
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{10, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &little) == 0);
  const std::string more = message_of([&] { append_to_file(path, "three and four\n"); }),
                    made = message_of([&] { append_to_file(scratch / "new.md", "three and four\n"); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(contains(more, "cannot write " + path));
  CHECK(contains(made, "new.md"));
  CHECK(read_file(path) == "one\ntwo\n");
  CHECK(names_in(scratch.path()) == std::set<std::string>{"link", "page.md"});
}

TEST_CASE("Devices, FIFOs and descriptors are written into and stay what they are") {
  const Scratch scratch;
  REQUIRE(::mkfifo((scratch / "fifo").c_str(), 0600) == 0);
  fs::create_symlink("fifo", scratch / "link");
  std::string got;
  std::thread reader([&] { got = content_of(scratch / "fifo"); });
  write_file_atomically(scratch / "link", "into the fifo");
  reader.join();
  CHECK(got == "into the fifo");
  CHECK(fs::is_fifo(scratch / "fifo"));
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(is_stream(scratch / "link"));
  // What is not kept does not arrive.
  const int file = ::open((scratch / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  REQUIRE(::write(file, "first ", 6) == 6);
  const std::string name = "/dev/fd/" + std::to_string(file);
  CHECK(is_stream(name));
  { AtomicFile(name).write("never"); }
  write_file_atomically(name, "second ");
  REQUIRE(::write(file, "third", 5) == 5);
  ::close(file);
  CHECK(read_file(scratch / "log") == "first second third");
  CHECK(contains(message_of([&] { write_file_atomically(name, "x"); }), name));
  CHECK(contains(message_of([&] { write_file_atomically("/dev/full", "x"); }), "No space left on device"));
  write_file_atomically("/dev/null", "x");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_FALSE(is_stream(scratch / "log"));
  CHECK_FALSE(is_stream(scratch / "none"));
  // A twin, so that a fault costs nothing.
  if (::mknod((scratch / "null").c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0) {
    write_file_atomically(scratch / "null", "x");
    CHECK(fs::is_character_file(scratch / "null"));
  }
  CHECK(names_in(scratch.path()).count("fifo") == 1);
  for (const std::string& each : names_in(scratch.path())) CHECK_FALSE(is_temporary(each));
}

TEST_CASE("A file that is replaced keeps its mode and its owner") {
  const Scratch scratch;
  const std::string path = scratch.write("a.pt", "old");
  ::chmod(path.c_str(), 0640);
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
  write_file_atomically(path, "new");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(status.st_uid == (root ? 65534 : ::geteuid()));
  CHECK(read_file(path) == "new");
}

TEST_CASE("The identity of a file is that of the bytes that were read") {
  const Scratch scratch;
  const std::string path = scratch.write("a", "one");
  const FileContent one = read_file_and_identity(path), again = read_file_and_identity(path);
  CHECK(one.bytes == "one");
  CHECK_FALSE(one.identity.empty());
  CHECK(one.identity == again.identity);
  write_file_atomically(path, "two");
  CHECK(read_file_and_identity(path).identity != one.identity);
  CHECK(contains(read_file("/proc/self/status"), "Threads:"));  // says that it is empty
}

TEST_CASE("Reading names the file that is not there or is a folder") {
  const Scratch scratch;
  CHECK(contains(message_of([&] { read_file(scratch / "none"); }), scratch / "none"));
  CHECK(contains(message_of([&] { read_file(scratch.path()); }), "folder"));
}

TEST_CASE("Folders are made with their parents; a file in the way is named") {
  const Scratch scratch;
  make_folders(scratch / "a/b/c");
  CHECK(fs::is_directory(scratch / "a/b/c"));
  CHECK_NOTHROW(make_folders(scratch / "a/b/c"));
  scratch.write("file", "");
  CHECK(contains(message_of([&] { make_folders(scratch / "file/x"); }), scratch / "file/x"));
  CHECK_THROWS_AS(make_folders(scratch / "file"), Error);
}

TEST_CASE("A link is pointed anew, and a real folder is never replaced by one") {
  const Scratch scratch;
  fs::create_directories(scratch / "train");
  fs::create_directories(scratch / "train2");
  point_link(scratch / "latest", "train");
  point_link(scratch / "latest", "train2");
  CHECK(fs::read_symlink(scratch / "latest") == "train2");
  point_link(scratch / "train", "train2");
  CHECK(fs::is_directory(fs::symlink_status(scratch / "train")));
  CHECK(names_in(scratch.path()) == std::set<std::string>{"latest", "train", "train2"});
}

TEST_CASE("The folders of the user follow the XDG variables, else the home folder") {
  const Variable cache("XDG_CACHE_HOME", "/c"), data("XDG_DATA_HOME", ""), home("HOME", "/home/someone");
  CHECK(cache_folder() == "/c/cvtool");
  CHECK(user_data_folder() == "/home/someone/.local/share/cvtool");
  const Variable share("CVTOOL_SHARE", "/opt/share/cvtool");
  CHECK(share_folder() == "/opt/share/cvtool");
}
