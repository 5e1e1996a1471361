#include "model/weights/zip.h"

#include <doctest/doctest.h>
#include <zip.h>

#include "base/files.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// A zip file with one entry.
std::string archive_of(const std::string& name, const std::string& content, zip_int32_t method) {
  const Scratch scratch;
  zip_t* archive = zip_open((scratch / "a.zip").c_str(), ZIP_CREATE, nullptr);
  REQUIRE(archive);
  const zip_int64_t index =
      zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
  REQUIRE(zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0) == 0);
  REQUIRE(zip_close(archive) == 0);
  return read_file(scratch / "a.zip");
}

// The archive with its entry's size, in both of its headers, said to be another.
std::string with_size(std::string bytes, uint32_t size) {
  for (const auto& [header, offset] : {std::pair{"PK\3\4", 22}, std::pair{"PK\1\2", 24}})
    for (int i = 0; i < 4; ++i)
      bytes[bytes.find(header) + static_cast<size_t>(offset + i)] = static_cast<char>(size >> (8 * i) & 255);
  return bytes;
}

std::string refusal_of(const std::string& bytes, ZipKind kind) {
  return message_of([&] { ZipArchive({nullptr, bytes}, "x.pt", kind, "copy it again").check(); });
}

}  // namespace

TEST_CASE("Entries are found by their name below the top folder, or by the end of their name") {
  std::string text;
  for (int line = 0; line < 300; ++line) text += "line " + std::to_string(line) + "\n";
  const std::string stored = archive_of("top/code/net.py", text, ZIP_CM_STORE),
                    deflated = archive_of("top/code/net.py", text, ZIP_CM_DEFLATE);
  ZipArchive one({nullptr, stored}, "x.pt"), other({nullptr, deflated}, "x.pt", ZipKind::kDeflated);
  CHECK(one.has("code/net.py"));
  CHECK(one.has("top/code/net.py"));
  CHECK_FALSE(one.has("net.py"));
  CHECK(one.read("code/net.py").bytes == text);
  CHECK(other.text_ending("/net.py") == text);
  CHECK(other.text_ending("/none.py").empty());
  CHECK(contains(message_of([&] { one.read("none"); }), "x.pt: lacks the entry 'none'"));
  CHECK(deflated.size() < stored.size() / 2);
}

TEST_CASE("What would unpack to far more than the file's size is refused before it is unpacked") {
  const std::string bomb = archive_of("top/data", std::string(size_t{64} << 20, '\0'), ZIP_CM_DEFLATE);
  CHECK(bomb.size() < 100000);
  const std::string message = refusal_of(bomb, ZipKind::kDeflated);
  CHECK(contains(message, "x.pt: holds more than a file of its size can (entry 'top/data')"));
  CHECK(contains(message, "; copy it again"));
  // One that says that it is small is given up where it is not.
  CHECK(contains(refusal_of(with_size(bomb, 1000), ZipKind::kDeflated), "holds the damaged entry 'top/data'"));
  CHECK(contains(refusal_of(bomb, ZipKind::kStored), "compressed"));
}

TEST_CASE("The entries that are read may not together be bigger than the file") {
  const std::string stored = archive_of("top/data", std::string(3000, 'a'), ZIP_CM_STORE);
  ZipArchive archive({nullptr, stored}, "x.pt");
  CHECK_NOTHROW(archive.read("data"));
  CHECK(contains(message_of([&] { archive.read("data"); }), "holds more than a file of its size can"));
}

TEST_CASE("A flipped bit in an entry is noticed") {
  std::string bytes = archive_of("top/data", std::string(3000, 'a'), ZIP_CM_STORE);
  CHECK(refusal_of(bytes, ZipKind::kStored).empty());
  bytes[1000] = 'b';
  CHECK(contains(refusal_of(bytes, ZipKind::kStored), "holds the damaged entry 'top/data'"));
  CHECK(contains(refusal_of(bytes.substr(0, 2000), ZipKind::kStored), "is truncated or damaged"));
}
