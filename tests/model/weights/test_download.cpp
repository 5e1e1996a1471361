#include "model/weights/download.h"

#include <cstdio>

#include "model/weights/sha256.h"
#include "model/weights/weight_files.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

// A web server on this machine with one file of 300,000 bytes, and a folder to fetch it into.
class Server {
 public:
  Server() {
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"}) ::unsetenv(name);
    fs::create_directories(folder_);
    for (int i = 0; i < 300000; ++i) bytes_.push_back(static_cast<char>(i * 7 + i / 251));
    write_file_atomically(folder_ + "/source", bytes_);
    sha256_ = sha256_of_file(folder_ + "/source");
    const std::string command = std::string(CVTOOL_PYTHON) + " '" + CVTOOL_TESTS_FOLDER + "/model/weights/serve.py' " +
                                folder_ + "/source " + folder_ + "/log";
    process_ = ::popen(command.c_str(), "r");
    REQUIRE(process_ != nullptr);
    REQUIRE(std::fscanf(process_, "%d", &port_) == 1);
  }
  ~Server() {
    error_of([&] { download({address("/quit"), folder_ + "/quit", "00000000", -1, "", {}}); });
    ::pclose(process_);
    std::error_code error;
    fs::remove_all(folder_, error);
  }
  std::string address(const std::string& page) const { return "http://127.0.0.1:" + std::to_string(port_) + page; }
  Download file(const std::string& page) const {
    Download wanted;
    wanted.url = address(page);
    wanted.path = target();
    wanted.sha256 = sha256_.substr(0, 8);
    wanted.size_bytes = static_cast<int64_t>(bytes_.size());
    wanted.next_step = "fetch it yourself and pass --weights FILE";
    return wanted;
  }
  std::string target() const { return folder_ + "/deep/er/weights.pth"; }
  std::string part() const { return target() + ".part"; }
  std::string log() const { return read_file(folder_ + "/log"); }
  const std::string& bytes() const { return bytes_; }
  void put_part(const std::string& bytes) const {
    fs::create_directories(fs::path(target()).parent_path());
    write_file_atomically(part(), bytes);
  }

 private:
  std::string folder_ = (fs::temp_directory_path() / ("cvtool-download-" + std::to_string(::getpid()))).string();
  std::string bytes_;
  std::string sha256_;
  FILE* process_ = nullptr;
  int port_ = 0;
};

}  // namespace

TEST_CASE("SHA-256 gives the known answer for 'abc'") {
  const std::string path = (fs::temp_directory_path() / ("cvtool-abc-" + std::to_string(::getpid()))).string();
  write_file_atomically(path, "abc");
  // FIPS 180-2, appendix B.1.
  CHECK(sha256_of_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  fs::remove(path);
  CHECK(contains(error_of([&] { sha256_of_file(path); }), path));
}

TEST_CASE("A download is whole, checked, reported and not repeated") {
  const Server server;
  Download wanted = server.file("/moved");
  int64_t last = -1;
  int64_t all = -1;
  wanted.progress = [&](int64_t done, int64_t total) {
    CHECK(done >= last);
    last = done, all = total;
    return true;
  };
  download(wanted);
  CHECK((read_file(server.target()) == server.bytes()));
  CHECK_FALSE(fs::exists(server.part()));
  CHECK(last == 300000);
  CHECK(all == 300000);
  const std::string log = server.log();
  download(wanted);
  CHECK(server.log() == log);
}

TEST_CASE("A broken transfer keeps its part, and the next one goes on from there") {
  const Server server;
  const std::string message = error_of([&] { download(server.file("/cut")); });
  CHECK(contains(message, server.address("/cut")));
  CHECK(contains(message, "--weights FILE"));
  CHECK_FALSE(fs::exists(server.target()));
  CHECK(fs::file_size(server.part()) == 150000);
  download(server.file("/ranged"));
  CHECK((read_file(server.target()) == server.bytes()));
  CHECK(contains(server.log(), "/ranged bytes=150000-"));
}

TEST_CASE("A server that cannot continue sends everything again") {
  const Server server;
  server.put_part(server.bytes().substr(0, 1000));
  download(server.file("/whole"));
  CHECK((read_file(server.target()) == server.bytes()));
}

TEST_CASE("The part of another file is thrown away and everything fetched") {
  const Server server;
  for (const size_t size : {1000, 300000, 400000}) {
    CAPTURE(size);
    server.put_part(std::string(size, 'z'));
    download(server.file("/ranged"));
    CHECK((read_file(server.target()) == server.bytes()));
    fs::remove(server.target());
  }
}

TEST_CASE("A file with another checksum or size leaves nothing behind") {
  const Server server;
  Download wanted = server.file("/ranged");
  wanted.sha256 = "0123456789";
  CHECK(contains(error_of([&] { download(wanted); }), "SHA-256 does not begin with 0123456789"));
  CHECK_FALSE(fs::exists(server.part()));
  CHECK(contains(error_of([&] { download(server.file("/long")); }), "longer than 300,000 bytes"));
  wanted = server.file("/whole");
  wanted.size_bytes = 400000;
  CHECK(contains(error_of([&] { download(wanted); }), "300,000 bytes instead of 400,000"));
  CHECK_FALSE(fs::exists(server.part()));
  CHECK_FALSE(fs::exists(server.target()));
  wanted.sha256 = "";
  CHECK(contains(error_of([&] { download(wanted); }), "checksum"));
}

TEST_CASE("Without a network or with a server in trouble the message says what to do") {
  const Server server;
  CHECK(contains(error_of([&] { download(server.file("/error")); }), "answers 503; fetch it yourself"));
  Download wanted = server.file("/whole");
  wanted.url = "http://127.0.0.1:1/weights.pth";
  const std::string message = error_of([&] { download(wanted); });
  CHECK(contains(message, "cannot fetch http://127.0.0.1:1/weights.pth: Failed to connect"));
  CHECK(contains(message, "--weights FILE"));
  wanted.url = "file:///etc/hostname";
  CHECK(contains(error_of([&] { download(wanted); }), "cannot fetch file:"));
  CHECK_FALSE(fs::exists(server.part()));
}

TEST_CASE("A download stops when the caller says so, and can go on later") {
  const Server server;
  Download wanted = server.file("/whole");
  wanted.progress = [](int64_t, int64_t) { return false; };
  try {
    download(wanted);
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kInterrupted);
  }
  CHECK_FALSE(fs::exists(server.target()));
}

TEST_CASE("The proxy of the environment is used") {
  const Server server;
  ::setenv("http_proxy", server.address("").c_str(), 1);
  Download wanted = server.file("/whole");
  wanted.url = "http://weights.invalid/vgg16.pth";
  download(wanted);
  ::unsetenv("http_proxy");
  CHECK(contains(server.log(), "http://weights.invalid/vgg16.pth"));
  CHECK((read_file(server.target()) == server.bytes()));
}
