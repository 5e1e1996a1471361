#include "base/protobuf.h"

#include <cstring>

#include "base/error.h"

namespace cvtool {
namespace {

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

uint64_t tag(int field, WireType type) { return static_cast<uint64_t>(field) << 3 | type; }

}  // namespace

ProtobufWriter& ProtobufWriter::raw(std::string_view bytes) {
  text_ += bytes;
  return *this;
}

ProtobufWriter& ProtobufWriter::raw_varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
  text_ += static_cast<char>(value);
  return *this;
}

ProtobufWriter& ProtobufWriter::varint(int field, int64_t value) {
  return raw_varint(tag(field, kVarint)).raw_varint(static_cast<uint64_t>(value));
}

ProtobufWriter& ProtobufWriter::fixed32(int field, float value) {
  return raw_varint(tag(field, kFixed32)).raw(little_endian(value));
}

ProtobufWriter& ProtobufWriter::fixed64(int field, double value) {
  return raw_varint(tag(field, kFixed64)).raw(little_endian(value));
}

ProtobufWriter& ProtobufWriter::bytes(int field, std::string_view value) {
  return raw_varint(tag(field, kBytes)).raw_varint(value.size()).raw(value);
}

std::string_view ProtobufReader::take(uint64_t count) {
  if (count > rest_.size()) throw Error("is truncated");
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint64_t ProtobufReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw Error("holds a number of more than 64 bits");
}

bool ProtobufReader::next(ProtobufField& field) {
  if (rest_.empty()) return false;
  const uint64_t key = varint(), type = key & 7;
  field = {};
  field.number = static_cast<int>(key >> 3);
  if (type == kVarint)
    field.integer = varint();
  else if (type == kFixed64)
    take(8);
  else if (type == kBytes)
    field.bytes = take(varint());
  else if (type == kFixed32)
    std::memcpy(&field.real, take(4).data(), 4);
  else
    throw Error("is not an ONNX file (wire type " + std::to_string(type) + ")");
  return true;
}

}  // namespace cvtool
