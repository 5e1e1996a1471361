// The wire format of protocol buffers: as much of it as ONNX files need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cvtool {

// Appends fields to a message.
class ProtobufWriter {
 public:
  void varint(int field, int64_t value);
  void fixed32(int field, float value);
  void bytes(int field, std::string_view value);
  void message(int field, const ProtobufWriter& value) { bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void raw_varint(uint64_t value);
  std::string text_;
};

struct ProtobufField {
  int number = 0;
  uint64_t integer = 0;    // of a varint
  float real = 0;          // of a fixed32
  std::string_view bytes;  // of a text, a message or a packed list
};

// Reads a message field by field. Views point into the message.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}
  // False at the end. Throws Error when the message is damaged.
  bool next(ProtobufField& field);
  // One varint of a packed list; false at the end.
  bool next_varint(uint64_t& value);

 private:
  uint64_t varint();
  std::string_view take(uint64_t count);
  std::string_view rest_;
};

}  // namespace cvtool
