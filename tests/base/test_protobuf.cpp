#include "base/protobuf.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace cvtool;

namespace {

std::string text_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

}  // namespace

// The examples of the protocol buffers' description of their encoding.
TEST_CASE("Fields are encoded as protocol buffers are") {
  ProtobufWriter out;
  out.varint(1, 150);
  out.bytes(2, "testing");
  out.varint(1, -2);
  out.fixed32(3, 1.0F);
  out.fixed64(4, -2.0);
  CHECK(out.text() == text_of({0x08, 0x96, 0x01}) + text_of({0x12, 0x07}) + "testing" +
                          text_of({0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}) +
                          text_of({0x1D, 0, 0, 0x80, 0x3F}) + text_of({0x21, 0, 0, 0, 0, 0, 0, 0, 0xC0}));
}

TEST_CASE("A message is read field by field; a fixed64 is passed over") {
  ProtobufWriter inner, out;
  inner.varint(1, 7);
  out.fixed64(9, 0.5);
  out.message(2, inner);
  out.fixed32(3, 0.25F);
  ProtobufReader in(out.text());
  ProtobufField field;
  REQUIRE(in.next(field));
  CHECK(field.number == 9);
  REQUIRE(in.next(field));
  CHECK(field.bytes == inner.text());
  REQUIRE(in.next(field));
  CHECK(field.real == 0.25F);
  CHECK_FALSE(in.next(field));
}
