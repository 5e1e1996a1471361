#include "base/output.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace cvtool;

TEST_CASE("Names from outside are shown on one line and cannot steer the terminal") {
  CHECK(printable("caf\xc3\xa9 \xe7\x8c\xab.jpg") == "caf\xc3\xa9 \xe7\x8c\xab.jpg");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1b[31mred\x7f") == "\\x1b[31mred\\x7f");
  CHECK(printable("caf\xe9.jpg") == "caf\\xe9.jpg");  // Latin-1
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");                               // a control character beyond ASCII
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");                             // cut short
  CHECK(printable("\xc0\xaf\xed\xa0\x80") == "\\xc0\\xaf\\xed\\xa0\\x80");  // overlong; half of a pair
}

TEST_CASE("Tables have aligned columns, counted in characters") {
  CHECK(table_text({{"class", "train"}, {"\xc3\xa4pfel", "1,200"}, {"x", "7"}, {"total"}}) ==
        "class  train\n\xc3\xa4pfel  1,200\nx          7\ntotal\n");
  CHECK(table_text({}).empty());
}

TEST_CASE("A document with a name that is not UTF-8 can be written") {
  CHECK(text_from_json({{"path", "caf\xe9.jpg"}}, -1) == "{\"path\":\"caf\xef\xbf\xbd.jpg\"}\n");
}
