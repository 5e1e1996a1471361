#include "report/event_file.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace cvtool {
namespace {

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
    table[i] = value;
  }
  return table;
}

// Little-endian bytes of a number.
template <class Number>
std::string raw(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

// Protocol buffers: a field is a key (its number and wire type) and a value.
enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes + static_cast<char>(value);
}

std::string key(uint64_t field, WireType type) { return varint(field << 3 | type); }
std::string number_field(uint64_t field, int64_t value) {
  return key(field, kVarint) + varint(static_cast<uint64_t>(value));
}
std::string double_field(uint64_t field, double value) { return key(field, kFixed64) + raw(value); }
std::string float_field(uint64_t field, float value) { return key(field, kFixed32) + raw(value); }
std::string bytes_field(uint64_t field, const std::string& bytes) {
  return key(field, kBytes) + varint(bytes.size()) + bytes;
}

double now_s() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log. Summary: 1 value. Value: 1 tag, 2 simple_value,
// 4 image. Image: 1 height, 2 width, 3 colorspace, 4 encoded_image_string. SessionLog: 1 status.
constexpr uint64_t kFileVersion = 3, kSummary = 5, kSessionLog = 7;
constexpr int64_t kSessionStart = 1, kRgb = 3;

}  // namespace

uint32_t crc32c(const std::string& bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(c)) & 255];
  return ~crc;
}

uint32_t masked_crc32c(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

EventFile::EventFile(const std::string& folder, int64_t step) {
  make_folders(folder);
  char host[256] = "host";
  ::gethostname(host, sizeof host - 1);
  path_ = folder + "/events.out.tfevents." + std::to_string(static_cast<int64_t>(now_s())) + "." + host + "." +
          std::to_string(::getpid());
  file_.open(path_, std::ios::binary);
  write_event(0, bytes_field(kFileVersion, "brain.Event:2"));
  if (step > 0) write_event(step, bytes_field(kSessionLog, number_field(1, kSessionStart)));
}

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [tag, value] : values)
    summary += bytes_field(1, bytes_field(1, tag) + float_field(2, static_cast<float>(value)));
  write_event(step, bytes_field(kSummary, summary));
}

void EventFile::picture(int64_t step, const std::string& tag, const Picture& picture) {
  const std::string image = number_field(1, picture.height) + number_field(2, picture.width) + number_field(3, kRgb) +
                            bytes_field(4, picture.encoded);
  write_event(step, bytes_field(kSummary, bytes_field(1, bytes_field(1, tag) + bytes_field(4, image))));
}

void EventFile::write_event(int64_t step, const std::string& what) {
  write_record(double_field(1, now_s()) + number_field(2, step) + what);
}

void EventFile::write_record(const std::string& data) {
  const std::string length = raw(static_cast<uint64_t>(data.size()));
  file_ << length << raw(masked_crc32c(length)) << data << raw(masked_crc32c(data));
  file_.flush();
  if (!file_) throw Error("cannot write " + path_ + "; free some space, or leave --tensorboard out");
}

}  // namespace cvtool
