#include "report/event_file.h"

#include <unistd.h>

#include <array>
#include <chrono>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/protobuf.h"

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

double now_s() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log. Summary: 1 value. Value: 1 tag, 2 simple_value,
// 4 image. Image: 1 height, 2 width, 3 colorspace, 4 encoded_image_string. SessionLog: 1 status.
constexpr int kFileVersion = 3, kSummary = 5, kSessionLog = 7;
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
  write_event(0, kFileVersion, "brain.Event:2");
  if (step > 0) write_event(step, kSessionLog, ProtobufWriter().varint(1, kSessionStart).text());
}

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  ProtobufWriter summary;
  for (const auto& [tag, value] : values)
    summary.message(1, ProtobufWriter().bytes(1, tag).fixed32(2, static_cast<float>(value)));
  write_event(step, kSummary, summary.text());
}

void EventFile::picture(int64_t step, const std::string& tag, const Picture& picture) {
  const ProtobufWriter image =
      ProtobufWriter().varint(1, picture.height).varint(2, picture.width).varint(3, kRgb).bytes(4, picture.encoded);
  const ProtobufWriter value = ProtobufWriter().bytes(1, tag).message(4, image);
  write_event(step, kSummary, ProtobufWriter().message(1, value).text());
}

void EventFile::write_event(int64_t step, int field, std::string_view content) {
  write_record(ProtobufWriter().fixed64(1, now_s()).varint(2, step).bytes(field, content).text());
}

void EventFile::write_record(const std::string& data) {
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  file_ << length << little_endian(masked_crc32c(length)) << data << little_endian(masked_crc32c(data));
  file_.flush();
  if (!file_) throw Error("cannot write " + path_ + ": " + system_reason() + ", or leave --tensorboard out");
}

}  // namespace cvtool
