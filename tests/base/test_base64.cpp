#include "base/base64.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "scratch.h"

using namespace cvtool;

// RFC 4648, section 10.
TEST_CASE("base64 gives the vectors of its standard, and any bytes back") {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64(bytes) == text);
    CHECK(base64_decoded(text) == bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(base64_decoded(base64(all)) == all);
  CHECK(contains(message_of([] { base64_decoded("a b"); }), "not base64"));
}
