// The wire format of protocol buffers: as much of it as ONNX models and TensorBoard's events need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cvtool {

// The bytes of a number, little-endian as this machine's own.
template <class Number>
std::string little_endian(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

// Appends fields to a message; each call returns the message.
class ProtobufWriter {
 public:
  ProtobufWriter& varint(int field, int64_t value);
  ProtobufWriter& fixed32(int field, float value);
  ProtobufWriter& fixed64(int field, double value);
  ProtobufWriter& bytes(int field, std::string_view value);
  ProtobufWriter& message(int field, const ProtobufWriter& value) { return bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  ProtobufWriter& raw_varint(uint64_t value);
  ProtobufWriter& raw(std::string_view bytes);
  std::string text_;
};

struct ProtobufField {
  int number = 0;
  uint64_t integer = 0;    // of a varint
  float real = 0;          // of a fixed32; a fixed64 is passed over
  std::string_view bytes;  // of a text or a message
};

// Reads a message field by field. Views point into the message.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}
  // False at the end. Throws Error when the message is damaged.
  bool next(ProtobufField& field);

 private:
  uint64_t varint();
  std::string_view take(uint64_t count);
  std::string_view rest_;
};

}  // namespace cvtool
