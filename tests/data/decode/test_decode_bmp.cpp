#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "data/image.h"

using namespace cvtool;

namespace {

// "0102ff" -> bytes.
std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string number(int64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

struct BmpFile {
  int width = 1, height = 1, bits = 24, compression = 0;
  std::string masks = "";    // hex: red, green, blue and alpha, little-endian
  std::string palette = "";  // hex: blue, green, red, 0
  std::string pixels = "";   // hex
  int header_bytes = 40;
};

std::string bytes_of(const BmpFile& file) {
  const std::string palette = bytes_of(file.palette);
  std::string info = number(file.header_bytes, 4) + number(file.width, 4) + number(file.height, 4) + number(1, 2) +
                     number(file.bits, 2) + number(file.compression, 4) + std::string(12, '\0') +
                     number(static_cast<int64_t>(palette.size() / 4), 4) + number(0, 4);
  info += bytes_of(file.masks);
  if (info.size() < static_cast<size_t>(file.header_bytes)) info.resize(static_cast<size_t>(file.header_bytes), '\0');
  const std::string head = info + palette, pixels = bytes_of(file.pixels);
  const auto begin = static_cast<int64_t>(14 + head.size());
  return "BM" + number(begin + static_cast<int64_t>(pixels.size()), 4) + number(0, 4) + number(begin, 4) + head +
         pixels;
}

// The pixels in reading order, RGB, as hex with a space between them and a | behind each row.
std::string shown(const std::string& bytes) {
  const cv::Mat image = decode_image(bytes, {});
  std::string out;
  char text[8];
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const auto& pixel = image.at<cv::Vec3b>(y, x);
      std::snprintf(text, sizeof text, "%02x%02x%02x", pixel[0], pixel[1], pixel[2]);
      out += (x == 0 ? "" : " ") + std::string(text);
    }
    out += "|";
  }
  return out;
}
std::string shown(const BmpFile& file) { return shown(bytes_of(file)); }

constexpr const char* kFourColours =
    "0000ff00"
    "00ff0000"
    "ff000000"
    "ffffff00";  // red, green, blue, white

}  // namespace

TEST_CASE("A BMP's rows stand upside down, unless its height is negative") {
  BmpFile file{1, 2};
  file.pixels = "0102030004050600";
  CHECK(shown(file) == "060504|030201|");
  file.height = -2;
  CHECK(shown(file) == "030201|060504|");
}

TEST_CASE("A BMP's masks may lie anywhere and are scaled to 8 bits, rounded down") {
  // 5, 6 and 5 bits: 31 -> 255, 32 of 63 -> 129, 16 of 31 -> 131.
  CHECK(shown(BmpFile{1, 1, 16, 3, "00f80000e00700001f000000", "", "10fc0000"}) == "ff8183|");
  // Without masks 5, 5 and 5.
  CHECK(shown(BmpFile{1, 1, 16, 0, "", "", "10fe0000"}) == "ff8383|");
  // 4 bits each, red lowest.
  CHECK(shown(BmpFile{1, 1, 16, 3, "0f000000f0000000000f0000", "", "f3080000"}) == "33ff88|");
  // 10 bits each: 1023 -> 255, 512 -> 127, 4 -> 0.
  CHECK(shown(BmpFile{1, 1, 32, 3, "ff03000000fc0f000000f03f", "", "ff034800"}) == "ff7f00|");
  // A mask of a whole pixel's top byte; the others are absent.
  CHECK(shown(BmpFile{1, 1, 32, 3, "000000ff0000000000000000", "", "112233c8"}) == "c80000|");
  CHECK(shown(BmpFile{1, 1, 24, 3, "ff00000000ff00000000ff00", "", "01020300"}) == "010203|");
  CHECK_THROWS_WITH_AS(shown(BmpFile{1, 1, 32, 3, std::string(24, '0'), "", "11223344"}),
                       doctest::Contains("masks are empty"), DataError);
}

TEST_CASE("A BMP's alpha counts from version 3 on, and only with a mask") {
  const std::string colours = "0000ff0000ff0000ff000000", alpha = "000000ff";
  BmpFile file{1, 1, 32, 3, colours + alpha, "", "00000080", 56};
  CHECK(shown(file) == "7f7f7f|");  // black at 128 of 255 over white
  file.masks = colours + "00000000";
  CHECK(shown(file) == "000000|");
  file.masks = colours + alpha;
  file.header_bytes = 52;
  file.pixels = "01020300";
  file.masks = colours;
  CHECK(shown(file) == "030201|");
  CHECK(shown(BmpFile{1, 1, 32, 0, "", "", "01020300"}) == "030201|");
  // One bit of alpha beside 5 bits a colour.
  const std::string fives = "007c0000e00300001f00000000800000";
  CHECK(shown(BmpFile{2, 1, 16, 3, fives, "", "00000080", 124}) == "ffffff 000000|");
}

TEST_CASE("A BMP's palette has 1, 2, 4 or 8 bits a pixel") {
  CHECK(shown(BmpFile{3, 1, 1, 0, "", kFourColours, "a0000000"}) == "00ff00 ff0000 00ff00|");
  CHECK(shown(BmpFile{5, 1, 2, 0, "", kFourColours, "1b800000"}) == "ff0000 00ff00 0000ff ffffff 0000ff|");
  CHECK(shown(BmpFile{3, 1, 4, 0, "", kFourColours, "32100000"}) == "ffffff 0000ff 00ff00|");
  CHECK(shown(BmpFile{2, 1, 8, 0, "", kFourColours, "02030000"}) == "0000ff ffffff|");
  CHECK_THROWS_WITH_AS(shown(BmpFile{2, 1, 8, 0, "", kFourColours, "02040000"}),
                       "damaged BMP: colour 4 of a palette of 4", DataError);
}

TEST_CASE("OS/2's headers: sides of 2 bytes and colours of 3; and one that ends after the bits") {
  const std::string core = bytes_of("424d") + number(0, 8) + number(32, 4) + number(12, 4) + number(2, 2) +
                           number(1, 2) + number(1, 2) + number(1, 2) +
                           bytes_of(
                               "0000ff"
                               "00ff00"
                               "40000000");
  CHECK(shown(core) == "ff0000 00ff00|");
  const std::string sixteen = bytes_of("424d") + number(0, 8) + number(30, 4) + number(16, 4) + number(1, 4) +
                              number(1, 4) + number(1, 2) + number(24, 2) + bytes_of("01020300");
  CHECK(shown(sixteen) == "030201|");
  BmpFile large{1, 1, 24, 0, "", "", "01020300", 64};
  CHECK(shown(large) == "030201|");
  large.header_bytes = 125;
  CHECK_THROWS_WITH_AS(shown(large), "damaged BMP: a header of 125 bytes", DataError);
}

TEST_CASE("A BMP of runs: counts, literals, ends of rows and jumps") {
  // Upper row: two of colour 1, then literals 2 3 1 and a filling byte. Lower row: one of colour 3, the rest 0.
  BmpFile file{5,
               2,
               8,
               1,
               "",
               kFourColours,
               "01030000"
               "02010003"
               "02030100"
               "0001"};
  CHECK(shown(file) == "00ff00 00ff00 0000ff ffffff 00ff00|ffffff ff0000 ff0000 ff0000 ff0000|");
  // From the lower left corner two to the right and one up.
  file.pixels =
      "00020201"
      "0103"
      "0001";
  CHECK(shown(file) == "ff0000 ff0000 ffffff ff0000 ff0000|ff0000 ff0000 ff0000 ff0000 ff0000|");
  // A run over the end of its row is cut there; a full picture needs no end.
  file.pixels =
      "ff020000"
      "0503";
  CHECK(shown(file) == "ffffff ffffff ffffff ffffff ffffff|0000ff 0000ff 0000ff 0000ff 0000ff|");
  // Behind literals that are filled up a run goes on in the row.
  CHECK(shown(BmpFile{5, 1, 8, 1, "", kFourColours,
                      "000301020100"
                      "0203"}) == "00ff00 0000ff 00ff00 ffffff ffffff|");
  // Two pixels a byte: a run takes them in turn; three literals fill two bytes.
  BmpFile fours{5,
                1,
                4,
                2,
                "",
                kFourColours,
                "0212"
                "00033210"
                "0001"};
  CHECK(shown(fours) == "00ff00 0000ff ffffff 0000ff 00ff00|");
  fours.pixels =
      "0512"
      "0001";
  CHECK(shown(fours) == "00ff00 0000ff 00ff00 0000ff 00ff00|");
  fours.pixels = "0514";
  CHECK_THROWS_WITH_AS(shown(fours), doctest::Contains("colour 4 of a palette of 4"), DataError);
}

TEST_CASE("A BMP that ends early is refused wherever it is cut") {
  const BmpFile files[] = {{3, 3, 24, 0, "", "", std::string(72, '1')},
                           {3, 3, 16, 3, "00f80000e00700001f000000", "", std::string(48, '1')},
                           {9, 3, 1, 0, "", kFourColours, std::string(24, '1')},
                           {5, 1, 8, 1, "", kFourColours,
                            "02010003"
                            "02030100"},
                           {5, 1, 4, 2, "", kFourColours,
                            "0212"
                            "00033210"}};
  for (const auto& file : files) {
    const std::string whole = bytes_of(file);
    CHECK_NOTHROW(decode_image(whole, {}));
    // The byte that fills up the literals may be missing.
    for (size_t size = 0; size + 1 + (file.compression == 1) < whole.size(); ++size) {
      CAPTURE(file.bits);
      CAPTURE(size);
      CHECK_THROWS_AS(decode_image(whole.substr(0, size), {}), DataError);
    }
  }
  CHECK_THROWS_WITH_AS(decode_image(bytes_of(files[0]).substr(0, 80), {}), doctest::Contains("truncated BMP"),
                       DataError);
}

TEST_CASE("A BMP of another kind, or without memory for it, is refused") {
  CHECK_THROWS_WITH_AS(shown(BmpFile{1, 1, 24, 4}), doctest::Contains("24 bits, compression 4"), DataError);
  CHECK_THROWS_WITH_AS(shown(BmpFile{1, 1, 4, 1}), doctest::Contains("4 bits, compression 1"), DataError);
  CHECK_THROWS_WITH_AS(shown(BmpFile{1, 1, 7, 0}), doctest::Contains("7 bits"), DataError);
  CHECK_THROWS_WITH_AS(shown(BmpFile{60000, 60000, 8, 1, "", kFourColours, "0001"}), doctest::Contains("too large"),
                       DataError);
  DecodeOptions all;
  all.max_pixels = int64_t{1} << 40;
  const BmpFile lowest{1, std::numeric_limits<int>::min(), 8, 1, "", kFourColours, "0001"};
  CHECK_THROWS_WITH_AS(decode_image(bytes_of(lowest), all), doctest::Contains("1 x 2147483648"), DataError);
  std::string outside = bytes_of(BmpFile{1, 1, 24, 0, "", "", "01020300"});
  outside[10] = 127;
  CHECK_THROWS_WITH_AS(decode_image(outside, {}), doctest::Contains("outside the file"), DataError);
}
