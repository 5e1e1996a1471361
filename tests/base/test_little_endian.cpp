#include "base/little_endian.h"

#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("A number of bytes has its lowest byte first, and none of them is signed") {
  CHECK(little_endian({}) == 0);
  CHECK(little_endian("\x01") == 1);
  CHECK(little_endian("\xff\x80") == 0x80ff);
  CHECK(little_endian({"\x00\x00\x01", 3}) == 0x10000);
  CHECK(little_endian("\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1") == 0xf1f2f3f4f5f6f7f8);
}
