#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "data/image.h"

using namespace cvtool;

namespace {

// The red values in reading order; all channels when `every`.
std::vector<int> values(const std::string& bytes, bool every = false) {
  const cv::Mat image = decode_image(bytes, {});
  std::vector<int> out;
  for (size_t i = 0; i < image.total() * 3; ++i)
    if (every || i % 3 == 0) out.push_back(image.data[i]);
  return out;
}

using Values = std::vector<int>;

}  // namespace

TEST_CASE("PNM as text: bits without spaces, grey and colours, comments anywhere") {
  CHECK(values("P1\n3 2\n010\n1 1 0\n") == Values{255, 0, 255, 0, 0, 255});
  CHECK(values("P2 # grey\n2 # wide\n1\n# the most\n3\n0 # black\n 2") == Values{0, 170});
  CHECK(values("P3 1 1 255 7 8 9", true) == Values{7, 8, 9});
  CHECK(values("P2 2 1 255 3 400") == Values{3, 255});  // more than the maximum
}

TEST_CASE("PNM as bytes: rows of bits are filled up, 16 bits are big-endian, any maximum is scaled") {
  // 10 bits a row: 1010000001 0101111110.
  CHECK(values(std::string("P4 10 2\n\xa0\x7f\x5f\x80", 12)) ==
        Values{0, 255, 0, 255, 255, 255, 255, 255, 255, 0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255});
  CHECK(values(std::string("P5 3 1 255\n\x00\x80\xff", 14)) == Values{0, 128, 255});
  CHECK(values(std::string("P5 3 1 15\n\x00\x08\xff", 13)) == Values{0, 136, 255});
  CHECK(values(std::string("P6 1 1 255\n\x01\x02\x03", 14), true) == Values{1, 2, 3});
  // 0x0102 of 65535 is 1.0039, 0x8080 is 128, 0x80ff is 128.49.
  CHECK(values(std::string("P5 3 1 65535\n\x01\x02\x80\x80\x80\xff", 19)) == Values{1, 128, 128});
  CHECK(values(std::string("P6 1 1 1000\n\x03\xe8\x01\xf4\x00\x00", 18), true) == Values{255, 128, 0});
}

TEST_CASE("One space ends a PNM's header: the next byte is a pixel, whatever it is; a comment may stand before") {
  CHECK(values("P5 2 1 255\n\n ") == Values{'\n', ' '});
  CHECK(values("P5 2 1 255#note\n\n#") == Values{'\n', '#'});
  CHECK(values("P4#note\n8#note\r1#note\n\xff") == Values(8, 0));
}

TEST_CASE("A PNM that ends early or holds something else is refused") {
  for (const std::string whole : {"P5 3 1 255\nabc", "P6 1 1 255\nabc", "P4 20 1\nabc", "P5 1 1 256\nab", "P1 3 1\n010",
                                  "P2 3 1 9\n1 2 3", "P3 1 1 9\n1 2 3"}) {
    CHECK_NOTHROW(decode_image(whole, {}));
    for (size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(whole.substr(0, size));
      CHECK_THROWS_AS(decode_image(whole.substr(0, size), {}), DataError);
    }
  }
  CHECK_THROWS_WITH_AS(values("P5 3 1 255\nab"), "truncated PPM: the file ends before the picture does", DataError);
  CHECK_THROWS_WITH_AS(values("P2 3 1 255\n 1 2 "), doctest::Contains("truncated PPM"), DataError);
  CHECK_THROWS_WITH_AS(values("P2 3 1 255\n1 2 -3"), doctest::Contains("not a number"), DataError);
  CHECK_THROWS_WITH_AS(values("P5 3 1 70000\nabcdef"), doctest::Contains("maximum is not in 1..65535"), DataError);
  CHECK_THROWS_WITH_AS(values("P5 3 1 0\nabc"), doctest::Contains("maximum is not in 1..65535"), DataError);
  CHECK_THROWS_WITH_AS(values("P5 3 1 255abc"), doctest::Contains("header"), DataError);
  CHECK_THROWS_WITH_AS(values("P5 99999999999999999999 9 255\n"), doctest::Contains("damaged image"), DataError);
  CHECK_THROWS_WITH_AS(values("P1 100000 100000 0"), doctest::Contains("too large"), DataError);
  CHECK_THROWS_WITH_AS(values("P1 10000 10000 0"), doctest::Contains("truncated PPM"), DataError);
}
