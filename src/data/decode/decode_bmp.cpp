// BMP: OS/2's headers and Windows' up to version 5; palettes, RLE, and colours by any masks; alpha over white.
#include <array>

#include "base/error.h"
#include "base/little_endian.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

constexpr uint32_t kBmpPlain = 0, kBmpRle8 = 1, kBmpRle4 = 2, kBmpMasks = 3;

using Rgb = std::array<uint8_t, 3>;

// A channel's bits of a pixel.
struct BmpField {
  int shift = 0;
  uint32_t max = 0;  // its largest value; 0: the channel is absent
};

struct Bmp {
  const std::string& bytes;
  int64_t width = 0, height = 0, bits = 0;  // bits of a pixel
  int64_t begin = 0;                        // first byte of the pixels
  bool top_down = false;
  uint32_t compression = kBmpPlain;
  std::vector<Rgb> palette{};
  std::array<BmpField, 4> fields{};  // red, green, blue, alpha
};

// Bytes beyond the end count as 0.
uint32_t bmp_number(std::string_view bytes, int64_t at, int64_t count) {
  const auto begin = std::min(static_cast<size_t>(at), bytes.size());
  return static_cast<uint32_t>(little_endian(bytes.substr(begin, static_cast<size_t>(count))));
}

// Colours are stored as blue, green, red and, but in OS/2 1.x, a byte of nothing.
void read_palette(Bmp& bmp, int64_t header_bytes) {
  const int64_t entry_bytes = header_bytes == 12 ? 3 : 4, first = 14 + header_bytes;
  int64_t count = header_bytes < 36 ? 0 : bmp_number(bmp.bytes, 46, 4);
  if (count == 0 || count > 1 << bmp.bits) count = 1 << bmp.bits;
  // The pixels end a palette that is shorter than it says.
  const int64_t end = bmp.begin > first ? bmp.begin : static_cast<int64_t>(bmp.bytes.size());
  count = std::min(count, (end - first) / entry_bytes);
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t colour = bmp_number(bmp.bytes, first + i * entry_bytes, 3);
    bmp.palette.push_back({uint8_t(colour >> 16), uint8_t(colour >> 8), uint8_t(colour)});
  }
}

void read_masks(Bmp& bmp, int64_t header_bytes) {
  std::array<uint32_t, 4> masks{0xff0000, 0xff00, 0xff, 0};
  if (bmp.bits == 16) masks = {0x7c00, 0x3e0, 0x1f, 0};
  // Behind the first 40 bytes, which from version 2 on is inside the header; version 3 added alpha.
  if (bmp.compression == kBmpMasks)
    for (size_t i = 0; i < 4; ++i)
      masks[i] = i == 3 && header_bytes < 56 ? 0 : bmp_number(bmp.bytes, 54 + 4 * static_cast<int64_t>(i), 4);
  if ((masks[0] | masks[1] | masks[2]) == 0) throw DataError("damaged BMP: its masks are empty");
  for (size_t i = 0; i < 4; ++i) {
    if (masks[i] == 0) continue;
    while ((masks[i] >> bmp.fields[i].shift & 1) == 0) ++bmp.fields[i].shift;
    bmp.fields[i].max = masks[i] >> bmp.fields[i].shift;
  }
}

void check_kind(const Bmp& bmp) {
  static const std::vector<int64_t> kBits[] = {
      {1, 2, 4, 8, 16, 24, 32}, {8}, {4}, {16, 24, 32}};  // of each compression
  if (bmp.compression < std::size(kBits))
    for (const int64_t bits : kBits[bmp.compression])
      if (bits == bmp.bits) return;
  throw DataError("BMP of a kind that is not read (" + std::to_string(bmp.bits) + " bits, compression " +
                  std::to_string(bmp.compression) + "); save it as PNG");
}

Bmp read_bmp_header(const std::string& bytes, const DecodeOptions& options) {
  Bmp bmp{bytes};
  const auto number = [&](int64_t at, int64_t count) { return int64_t{bmp_number(bytes, at, count)}; };
  const int64_t header_bytes = number(14, 4);
  if (header_bytes != 12 && (header_bytes < 16 || header_bytes > 124))
    throw DataError("damaged BMP: a header of " + std::to_string(header_bytes) + " bytes");
  bmp.begin = number(10, 4);
  if (header_bytes == 12) {  // OS/2 1.x
    bmp.width = number(18, 2), bmp.height = number(20, 2), bmp.bits = number(24, 2);
  } else {
    bmp.width = static_cast<int32_t>(number(18, 4));
    bmp.height = static_cast<int32_t>(number(22, 4));
    bmp.top_down = bmp.height < 0;
    bmp.height = std::abs(bmp.height);
    bmp.bits = number(28, 2);
    if (header_bytes >= 20) bmp.compression = bmp_number(bytes, 30, 4);
  }
  check_pixel_count(bmp.height, bmp.width, options);
  check_kind(bmp);
  if (bmp.begin <= 14 || bmp.begin > static_cast<int64_t>(bytes.size()))
    throw DataError("damaged BMP: its pixels lie outside the file");
  bmp.bits <= 8 ? read_palette(bmp, header_bytes) : read_masks(bmp, header_bytes);
  return bmp;
}

// The picture's row that is stored as number `y`.
uint8_t* stored_row(const Bmp& bmp, cv::Mat& image, int64_t y) {
  return image.ptr<uint8_t>(static_cast<int>(bmp.top_down ? y : bmp.height - 1 - y));
}

void put_colour(const Bmp& bmp, uint32_t index, uint8_t* out) {
  if (index >= bmp.palette.size())
    throw DataError("damaged BMP: colour " + std::to_string(index) + " of a palette of " +
                    std::to_string(bmp.palette.size()));
  std::copy_n(bmp.palette[index].begin(), 3, out);
}

uint8_t field_of(uint32_t pixel, const BmpField& field) {
  const uint64_t value = pixel >> field.shift & field.max;
  // Rounded down, as other programs do.
  return static_cast<uint8_t>(field.max == 255 || field.max == 0 ? value : value * 255 / field.max);
}

// The pixels as they stand, row by row, each row filled up to 4 bytes.
cv::Mat read_plain(const Bmp& bmp, int channels) {
  const int64_t row_bytes = (bmp.width * bmp.bits + 31) / 32 * 4;
  if (static_cast<int64_t>(bmp.bytes.size()) < bmp.begin + row_bytes * bmp.height)
    throw DataError("truncated BMP: the file ends before the picture does");
  cv::Mat image(static_cast<int>(bmp.height), static_cast<int>(bmp.width), CV_8UC(channels));
  for (int64_t y = 0; y < bmp.height; ++y) {
    const int64_t begin = bmp.begin + y * row_bytes;
    uint8_t* out = stored_row(bmp, image, y);
    for (int64_t x = 0; x < bmp.width; ++x, out += channels) {
      const int64_t bit = x * bmp.bits;
      const uint32_t pixel = bmp_number(bmp.bytes, begin + bit / 8, (bmp.bits + 7) / 8);
      if (bmp.bits <= 8)
        put_colour(bmp, pixel >> (8 - bmp.bits - bit % 8) & ((1U << bmp.bits) - 1), out);
      else
        for (int c = 0; c < channels; ++c) out[c] = field_of(pixel, bmp.fields[static_cast<size_t>(c)]);
    }
  }
  return image;
}

// RLE4 and RLE8: pairs of a count and an index, or 0 and an order. Pixels that are passed over have colour 0.
cv::Mat read_runs(const Bmp& bmp) {
  cv::Mat image(static_cast<int>(bmp.height), static_cast<int>(bmp.width), CV_8UC3);
  Rgb rest;
  put_colour(bmp, 0, rest.data());
  image.setTo(cv::Scalar(rest[0], rest[1], rest[2]));
  int64_t at = bmp.begin, x = 0, y = 0;
  const auto next = [&] {
    if (at >= static_cast<int64_t>(bmp.bytes.size()))
      throw DataError("truncated BMP: the file ends before the picture does");
    return static_cast<uint8_t>(bmp.bytes[static_cast<size_t>(at++)]);
  };
  const auto put = [&](uint32_t index) {  // what runs over the end of a row is dropped
    if (x < bmp.width) put_colour(bmp, index, stored_row(bmp, image, y) + 3 * x);
    ++x;
  };
  const auto nibble = [&](uint32_t pair, int i) { return bmp.bits == 8 ? pair : i % 2 == 0 ? pair >> 4 : pair & 15; };
  while (y < bmp.height - 1 || (y == bmp.height - 1 && x < bmp.width)) {
    const int count = next(), order = next();
    if (count > 0) {
      for (int i = 0; i < count; ++i) put(nibble(static_cast<uint32_t>(order), i));
    } else if (order == 0) {  // end of the row
      x = 0, ++y;
    } else if (order == 1) {  // end of the picture
      break;
    } else if (order == 2) {  // to the right and up
      x += next();
      y += next();
    } else {  // so many pixels as they stand, filled up to 2 bytes
      const int64_t begin = at;
      uint32_t pair = 0;
      for (int i = 0; i < order; ++i) {
        if (bmp.bits == 8 || i % 2 == 0) pair = next();
        put(nibble(pair, i));
      }
      if ((at - begin) % 2 != 0) ++at;
    }
  }
  return image;
}

}  // namespace

DecodedImage decode_bmp(const std::string& bytes, const DecodeOptions& options) {
  const Bmp bmp = read_bmp_header(bytes, options);
  if (bmp.compression == kBmpRle8 || bmp.compression == kBmpRle4) return {read_runs(bmp), 1};
  if (bmp.fields[3].max == 0) return {read_plain(bmp, 3), 1};
  return {over_white(read_plain(bmp, 4), /*premultiplied=*/false), 1};
}

}  // namespace cvtool
