#include "base/utf8.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cvtool;

TEST_CASE("UTF-8 is told from other bytes") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("plain \xf0\x9f\x90\xb1"));
  CHECK_FALSE(is_utf8("\xf5\x80\x80\x80"));
  CHECK_FALSE(is_utf8("caf\xe9"));
}

TEST_CASE("Overlong forms, halves of pairs and what is beyond Unicode are no characters") {
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    CAPTURE(bytes);
    CHECK(utf8_length(bytes, 0) == 0);
    CHECK_FALSE(is_utf8(bytes));
  }
  CHECK(utf8_length("\xed\x9f\xbf", 0) == 3);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf", 0) == 4);
}

TEST_CASE("Characters are counted where they begin") {
  const std::string text = "caf\xc3\xa9 \xe7\x8c\xab";
  CHECK(std::count_if(text.begin(), text.end(), begins_character) == 6);
}

TEST_CASE("Names are compared in Unicode's composed form") {
  const std::string composed = "Caf\xc3\xa9", apart = "Cafe\xcc\x81";
  CHECK(nfc(apart) == composed);
  CHECK(nfc(composed) == composed);
  CHECK(nfc("plain") == "plain");
  CHECK(nfc("\xff" + apart) == "\xff" + apart);
  CHECK(nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab") == "\xed\x95\x9c");  // Hangul
  CHECK(nfc(std::string("a\0e\xcc\x81", 5)) == std::string("a\0\xc3\xa9", 4));
  CHECK(place_of_name({"Bar", apart}, composed) == 1);
  CHECK(place_of_name({"Bar", composed}, apart) == 1);
  CHECK_FALSE(place_of_name({"Bar"}, "bar"));
}
