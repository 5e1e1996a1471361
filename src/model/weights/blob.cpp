#include "model/weights/blob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/little_endian.h"

namespace cvtool {
Blob blob_of(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return {std::move(owner), view};
}

Blob blob_of_file(const std::string& path) {
  const auto fail = [&](const std::string& reason) {
    throw Error("cannot read the weights " + path + ": " + reason + "; check the path");
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(std::strerror(errno));
  struct stat status {};
  std::string bytes;
  const bool plain = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const bool read = plain && read_to_end(file, bytes);
  const int reason = errno;
  ::close(file);
  if (!plain) fail(S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a plain file");
  if (!read) fail(std::strerror(reason));
  return blob_of(std::move(bytes));
}

void fail_weights(const std::string& origin, const std::string& what, const std::string& next_step) {
  throw Error(origin + ": " + what + "; " + next_step);
}

std::string_view ByteReader::take(uint64_t size_bytes) {
  if (size_bytes > left()) {
    fail("ends " + std::to_string(size_bytes - left()) + " bytes too early");
  }
  const auto result = bytes_.substr(position_, static_cast<size_t>(size_bytes));
  position_ += static_cast<size_t>(size_bytes);
  return result;
}

std::string_view ByteReader::line() {
  const size_t end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) fail("ends within a name");
  const auto result = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return result;
}

uint8_t ByteReader::u8() { return static_cast<uint8_t>(take(1)[0]); }
uint16_t ByteReader::u16() { return static_cast<uint16_t>(little_endian(take(2))); }
uint32_t ByteReader::u32() { return static_cast<uint32_t>(little_endian(take(4))); }
uint64_t ByteReader::u64() { return little_endian(take(8)); }

double ByteReader::big_endian_f64() {
  const auto bytes = take(8);
  uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void ByteReader::fail(const std::string& what) const {
  fail_weights(origin_, what + " (at byte " + std::to_string(position_) + ")");
}

}  // namespace cvtool
