#include "data/archive/plain_copy.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include <cstdlib>
#include <thread>

#include "base/cache_files.h"
#include "base/error.h"
#include "data/archive/unpack_stream.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::string zstd_frame(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

// Bytes that hardly get less, as photos are.
std::string noise(size_t count) {
  std::string bytes(count, '\0');
  uint64_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 6364136223846793005U + 1) >> 56);
  return bytes;
}

std::string unpacked(const std::string& path) {
  std::string out;
  const ArchiveFile file(path);
  unpack_stream(file, stream_packing(file), [&](std::string_view bytes) { out += bytes; });
  return out;
}

std::string whole(const ArchiveFile& file) { return file.read(0, file.bytes()); }

// The caches are the test's own.
struct OwnCaches {
  Scratch folder;
  OwnCaches() { ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1); }
  ~OwnCaches() { ::unsetenv("XDG_CACHE_HOME"); }
};

}  // namespace

TEST_CASE("Zstandard gives what was packed, of one frame or several, and says where it is damaged") {
  const Scratch folder;
  const std::string bytes = noise(3 << 20) + std::string(1 << 20, 'a'), frame = zstd_frame(bytes);
  CHECK(unpacked(folder.write("one.zst", frame)) == bytes);
  const std::string skipped("\x50\x2a\x4d\x18\x03\x00\x00\x00***", 11);
  CHECK(unpacked(folder.write("two.zst", zstd_frame(bytes) + skipped + zstd_frame("end"))) == bytes + "end");
  CHECK_THROWS_WITH_AS(unpacked(folder.write("cut.zst", frame.substr(0, frame.size() - 9))),
                       doctest::Contains("cut short"), DataError);
  std::string damaged = frame;
  damaged[6] ^= 64;
  CHECK_THROWS_WITH_AS(unpacked(folder.write("damaged.zst", damaged)), doctest::Contains("damaged"), DataError);
  CHECK_THROWS_WITH_AS(unpacked(folder.write("bomb.zst", zstd_frame(std::string(64 << 20, '\0')))),
                       doctest::Contains("more than 200 times"), DataError);
}

TEST_CASE("What a packed file says of its size is believed as far as it can be true") {
  const Scratch folder;
  const auto told = [&](const std::string& bytes, StreamPacking packing) {
    return told_unpacked_bytes(ArchiveFile(folder.write("told", bytes)), packing);
  };
  const std::string bytes = noise(100'000) + std::string(50'000, ' ');
  CHECK(told(zstd_frame(bytes), StreamPacking::kZstd) == 150'000);
  std::string gzip = "\x1f\x8b" + std::string(60'000, 'x');
  CHECK(told(gzip + std::string("\xf0\x49\x02\x00", 4), StreamPacking::kGzip) == 150'000);
  // Smaller than the file: 4 GiB were left out, which no 60 kB unpack to.
  CHECK(told(gzip + std::string("\x01\x00\x00\x00", 4), StreamPacking::kGzip) == 60'006);
}

TEST_CASE("A plain copy is made once, by any number of threads, and again for another file at the path") {
  const OwnCaches own;
  const std::string first = noise(2 << 20), second = noise(1 << 20);
  const std::string path = own.folder.write("a.tar.zst", zstd_frame(first));
  std::vector<std::thread> threads;
  std::vector<std::string> got(4);
  for (std::string& copy : got) threads.emplace_back([&] { copy = whole(*plain_copy_of(path, ArchiveFile(path))); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& copy : got) CHECK((copy == first));
  CHECK(names_in(cache_place("archives")).size() == 1);
  own.folder.write("a.tar.zst", zstd_frame(second));
  CHECK((whole(*plain_copy_of(path, ArchiveFile(path))) == second));
  CHECK(names_in(cache_place("archives")).size() == 2);
}

TEST_CASE("A plain copy is not removed while it is read, and is made again where it has been removed") {
  const OwnCaches own;
  const std::string bytes = noise(1 << 20), path = own.folder.write("a.tar.zst", zstd_frame(bytes));
  auto copy = plain_copy_of(path, ArchiveFile(path));
  const std::string at = cache_files({"archives"}).at(0).path;
  CHECK(cache_files({"archives"}).at(0).in_use);
  CHECK_FALSE(remove_cache_file(at));
  copy.reset();
  CHECK(remove_cache_file(at));
  CHECK((whole(*plain_copy_of(path, ArchiveFile(path))) == bytes));
}

TEST_CASE("Where the caches have no room for a plain copy the archive is refused, and nothing is left") {
  const OwnCaches own;
  const std::string path = own.folder.write("a.tar.zst", zstd_frame(noise(3 << 20)));
  ::setenv("CVTOOL_CACHE_LIMIT", "2", 1);
  const std::string refusal = message_of([&] { plain_copy_of(path, ArchiveFile(path)); });
  ::unsetenv("CVTOOL_CACHE_LIMIT");
  CHECK(refusal.find("CVTOOL_CACHE_LIMIT") != std::string::npos);
  const std::string frame = zstd_frame(noise(3 << 20)), cut = own.folder.write("c.tar.zst", frame.substr(0, 2 << 20));
  CHECK_THROWS_WITH_AS(plain_copy_of(cut, ArchiveFile(cut)), doctest::Contains("cut short"), DataError);
  CHECK(names_in(cache_place("archives")).empty());
}
