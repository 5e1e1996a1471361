#include "report/event_file.h"

#include <doctest/doctest.h>

#include <cstring>

#include "base/files.h"
#include "scratch.h"

using namespace cvtool;

namespace {

template <class Number>
Number number_at(const std::string& bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

// The records of a TFRecord file, their checksums compared.
std::vector<std::string> records_of(const std::string& bytes) {
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    const auto length = number_at<uint64_t>(bytes, at);
    CHECK(number_at<uint32_t>(bytes, at + 8) == masked_crc32c(bytes.substr(at, 8)));
    records.push_back(bytes.substr(at + 12, length));
    CHECK(number_at<uint32_t>(bytes, at + 12 + length) == masked_crc32c(records.back()));
    at += 16 + length;
  }
  return records;
}

std::string only_file(const Scratch& folder) {
  const auto names = names_in(folder / "tb");
  REQUIRE(names.size() == 1);
  CHECK(contains(*names.begin(), "tfevents"));
  return content_of(folder / "tb/" + *names.begin());
}

}  // namespace

TEST_CASE("CRC-32C gives the known answers of RFC 3720, appendix B.4") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43u);
  CHECK(crc32c("123456789") == 0xE3069283u);
}

TEST_CASE("An event file holds its version, then scalars by tag and step") {
  const Scratch folder;
  {
    EventFile file(folder / "tb", 0);
    file.scalars(300, {{"loss", 0.5}});
  }
  const auto records = records_of(only_file(folder));
  REQUIRE(records.size() == 2);
  CHECK(records[0].substr(9) == std::string("\x10\0\x1a\x0d", 4) + "brain.Event:2");
  // wall time; step 300 (0xAC 0x02); summary of one value: tag "loss", simple_value 0.5.
  CHECK(records[1][0] == '\x09');
  CHECK(records[1].substr(9) ==
        std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04", 9) + "loss" + std::string("\x15\0\0\0\x3f", 5));
}

TEST_CASE("A resumed run says where it goes on; pictures are kept as they are encoded") {
  const Scratch folder;
  {
    EventFile file(folder / "tb", 7);
    file.picture(7, "batch", {2, 3, "JPEGBYTES"});
  }
  const auto records = records_of(only_file(folder));
  REQUIRE(records.size() == 3);
  CHECK(records[1].substr(9) == std::string("\x10\x07\x3a\x02\x08\x01", 6));
  CHECK(contains(records[2], std::string("\x08\x02\x10\x03\x18\x03\x22\x09", 8) + "JPEGBYTES"));
}
