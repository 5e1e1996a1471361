// Pictures that are damaged in part, and those of kinds that are named for what they are.
#include <doctest/doctest.h>

#include <array>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "data/image.h"
#include "data/loader.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

cv::Mat grainy(int height, int width) {
  cv::Mat image(height, width, CV_8UC3);
  cv::RNG random(3);
  random.fill(image, cv::RNG::UNIFORM, 0, 256);
  return image;
}

std::string jpeg_with_damaged_middle() {
  std::string bytes = encoded(grainy(64, 64), ".jpg");
  for (size_t i = 0; i < 24; ++i) bytes[bytes.size() / 2 + i] = static_cast<char>(i % 2 ? 0x55 : 0xaa);
  bytes[bytes.size() / 2 + 30] = '\xff';
  bytes[bytes.size() / 2 + 31] = '\xd3';
  return bytes;
}

void add_number(std::string& bytes, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
}

struct TiffKind {
  uint32_t bits, format, photometric, samples;
  uint32_t tile = 0;  // side; 0: one strip
};

// 4 x 4 pixels without compression.
std::string tiff_of(const TiffKind& kind) {
  std::vector<std::array<uint32_t, 3>> tags{
      {256, 4, 4}, {257, 4, 4}, {258, 3, kind.bits}, {259, 3, 1}, {262, 3, kind.photometric}};
  const uint32_t entries = kind.tile ? 11 : 10, pixels = 8 + 2 + 12 * entries + 4;
  const uint32_t length = 16 * kind.samples * kind.bits / 8;
  if (!kind.tile) tags.push_back({273, 4, pixels});
  tags.push_back({277, 3, kind.samples});
  if (kind.tile) {
    for (const auto& tag :
         {std::array<uint32_t, 3>{322, 4, kind.tile}, {323, 4, kind.tile}, {324, 4, pixels}, {325, 4, length}})
      tags.push_back(tag);
  } else {
    tags.push_back({278, 4, 4});
    tags.push_back({279, 4, length});
  }
  tags.push_back({339, 3, kind.format});
  REQUIRE(tags.size() == entries);
  std::string bytes{"II*\0\x08\0\0\0", 8};
  add_number(bytes, entries, 2);
  for (const auto& [tag, type, value] : tags) {
    add_number(bytes, tag, 2);
    add_number(bytes, type, 2);
    add_number(bytes, 1, 4);
    add_number(bytes, value, 4);
  }
  add_number(bytes, 0, 4);
  return bytes + std::string(length, '\x40');
}

std::string why(const std::string& bytes, const DecodeOptions& options = {}) {
  try {
    decode_image(bytes, options);
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("A JPEG with a damaged middle is read, and what libjpeg says of it is kept") {
  std::string damage = "as before";
  CHECK_FALSE(decode_image(encoded(grainy(64, 64), ".jpg"), {}, &damage).empty());
  CHECK(damage.empty());
  CHECK(decode_image(jpeg_with_damaged_middle(), {}, &damage).size() == cv::Size(64, 64));
  CHECK(holds(damage, "Corrupt JPEG data"));
}

TEST_CASE("Damaged photos of a set are used and told of each time, from the cache too") {
  TempFolder folder;
  folder.write_photo("a.jpg", 1);
  folder.write("b.jpg", jpeg_with_damaged_middle());
  LoaderOptions options;
  options.data.imgsz = {8, 8};
  options.cache = "ram";
  for (int i = 0; i < 2; ++i) {
    PhotoStore store(folder.path(), {{"a.jpg", 0, 1}, {"b.jpg", 1, 2}}, options);
    CHECK(store.scan().empty());
    CHECK(store.samples().size() == 2);
    REQUIRE(store.damaged().size() == 1);
    CHECK(store.damaged()[0].path == "b.jpg");
    std::vector<uint8_t> pixels(8 * 8 * 3);
    CHECK(store.pixels(1, pixels.data()));
  }
}

TEST_CASE("TIFF of kinds that are not read is named for what it is") {
  constexpr uint32_t kUint = 1, kInt = 2, kFloat = 3, kGrey = 1, kCmyk = 5;
  CHECK(why(tiff_of({8, kUint, kGrey, 1})).empty());
  CHECK(why(tiff_of({16, kUint, kGrey, 1})).empty());
  CHECK(holds(why(tiff_of({32, kFloat, kGrey, 1})), "32-bit float samples"));
  CHECK(holds(why(tiff_of({16, kFloat, kGrey, 1})), "16-bit float samples"));
  CHECK(holds(why(tiff_of({32, kUint, kGrey, 1})), "32-bit samples"));
  CHECK(holds(why(tiff_of({12, kUint, kGrey, 1})), "12-bit samples"));
  CHECK(holds(why(tiff_of({16, kInt, kGrey, 1})), "16-bit signed samples"));
  CHECK(holds(why(tiff_of({16, kUint, kCmyk, 4})), "16-bit CMYK"));
  CHECK(holds(why(tiff_of({32, kFloat, kGrey, 1})), "save it as PNG"));
}

TEST_CASE("Tiles larger than the limit are refused before memory is taken for them") {
  DecodeOptions options;
  options.max_pixels = 1'000'000;
  CHECK(holds(why(tiff_of({8, 1, 1, 1, 1 << 16}), options), "too large"));
  CHECK_FALSE(holds(why(tiff_of({8, 1, 1, 1, 16}), options), "too large"));
}

TEST_CASE("A GIF without a palette is shades of grey") {
  // 2 x 1 pixels of the values 3 and 200; LZW of 8 bits: clear, 3, 200, end, in codes of 9 bits.
  std::string gif{"GIF89a\x02\0\x01\0\0\0\0,\0\0\0\0\x02\0\x01\0\0\x08", 24};
  uint64_t codes = 256 | uint64_t{3} << 9 | uint64_t{200} << 18 | uint64_t{257} << 27;
  gif += '\x05';
  for (int i = 0; i < 5; ++i) gif += static_cast<char>(codes >> (8 * i));
  gif += std::string("\0;", 2);
  const cv::Mat image = decode_image(gif, {});
  REQUIRE(image.size() == cv::Size(2, 1));
  CHECK(image.at<cv::Vec3b>(0, 0) == cv::Vec3b(3, 3, 3));
  CHECK(image.at<cv::Vec3b>(0, 1) == cv::Vec3b(200, 200, 200));
}
