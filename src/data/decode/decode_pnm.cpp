// PNM: bitmap, grey and colours (P1 to P6), as text or as bytes of 8 or 16 bits.
#include <cmath>
#include <vector>

#include "base/error.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads the header, and the pixels where these are text.
struct PnmText {
  const std::string& bytes;
  size_t at = 2;

  bool ended() const { return at >= bytes.size(); }

  void skip_comment() {
    while (!ended() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
  }

  void skip_space() {
    for (; !ended() && (is_space(bytes[at]) || bytes[at] == '#'); ++at)
      if (bytes[at] == '#') skip_comment();
  }

  // The next number, of `digits` digits at most; what is larger than any number that makes sense stays so.
  int64_t number(const std::string& what, int digits = 1000) {
    skip_space();
    if (ended()) throw DataError("truncated PPM: the file ends before " + what + " does");
    if (!is_digit(bytes[at])) throw DataError("damaged PPM: " + what + " holds something that is not a number");
    int64_t value = 0;
    for (int i = 0; i < digits && !ended() && is_digit(bytes[at]); ++i, ++at)
      value = std::min<int64_t>(value * 10 + (bytes[at] - '0'), 10'000'000'000);
    return value;
  }
};

struct Pnm {
  char kind = '6';    // '4' bitmap, '5' grey, '6' colours
  bool text = false;  // as P1, P2, P3
  int64_t width = 0, height = 0;
  std::vector<uint16_t> levels;  // of every value up to the maximum: 0..255, or 0..65535
  bool deep = false;             // they are up to 65535
};

Pnm read_pnm_header(PnmText& in, const DecodeOptions& options) {
  Pnm pnm;
  pnm.text = in.bytes[1] <= '3';
  pnm.kind = static_cast<char>(in.bytes[1] + (pnm.text ? 3 : 0));
  pnm.width = in.number("its header");
  pnm.height = in.number("its header");
  check_pixel_count(pnm.height, pnm.width, options);
  if (pnm.kind == '4') {
    pnm.levels = {255, 0};
  } else {
    const int64_t max = in.number("its header");
    if (max < 1 || max > 65535) throw DataError("damaged PPM: its maximum is not in 1..65535");
    pnm.deep = options.deep && max > 255;
    const double white = pnm.deep ? 65535 : 255;
    for (int64_t i = 0; i <= max; ++i)
      pnm.levels.push_back(
          static_cast<uint16_t>(std::lrint(static_cast<double>(i) / static_cast<double>(max) * white)));
  }
  // One space ends the header; a comment may stand before it.
  if (!in.ended() && in.bytes[in.at] == '#') in.skip_comment();
  if (!in.ended() && !is_space(in.bytes[in.at])) throw DataError("damaged PPM: no space ends its header");
  ++in.at;
  return pnm;
}

// The values of one row, one after another, as they stand in the file.
class PnmRow {
 public:
  PnmRow(const Pnm& pnm, PnmText& in) : pnm_(pnm), in_(in) {}

  size_t next() {
    if (pnm_.text) return static_cast<size_t>(in_.number("the picture", pnm_.kind == '4' ? 1 : 1000));
    if (pnm_.kind == '4') {
      if (left_ == 0) bits_ = byte(), left_ = 8;
      return bits_ >> --left_ & 1;
    }
    const size_t first = byte();
    return pnm_.levels.size() > 256 ? first << 8 | byte() : first;
  }

 private:
  size_t byte() { return static_cast<uint8_t>(in_.bytes[in_.at++]); }

  const Pnm& pnm_;
  PnmText& in_;
  size_t bits_ = 0;
  int left_ = 0;  // how many of them are still to come
};

// Of bytes it is exact, of text the least that there must be.
void check_length(const Pnm& pnm, const PnmText& in) {
  int64_t row_bytes = pnm.width * (pnm.kind == '6' ? 3 : 1);
  if (!pnm.text && pnm.kind == '4') row_bytes = (pnm.width + 7) / 8;
  if (!pnm.text && pnm.levels.size() > 256) row_bytes *= 2;
  if (static_cast<int64_t>(in.bytes.size()) < static_cast<int64_t>(in.at) + row_bytes * pnm.height)
    throw DataError("truncated PPM: the file ends before the picture does");
}

template <class Value>
cv::Mat pnm_pixels(const Pnm& pnm, PnmText& in) {
  cv::Mat image(static_cast<int>(pnm.height), static_cast<int>(pnm.width), CV_MAKETYPE(cv::DataType<Value>::depth, 3));
  for (int y = 0; y < image.rows; ++y) {
    PnmRow row(pnm, in);
    auto* out = image.ptr<Value>(y);
    for (int64_t x = 0; x < pnm.width; ++x, out += 3)
      for (int c = 0; c < 3; ++c)
        out[c] = pnm.kind == '6' || c == 0 ? static_cast<Value>(pnm.levels[std::min(row.next(), pnm.levels.size() - 1)])
                                           : out[0];
  }
  return image;
}

}  // namespace

DecodedImage decode_pnm(const std::string& bytes, const DecodeOptions& options) {
  PnmText in{bytes};
  const Pnm pnm = read_pnm_header(in, options);
  check_length(pnm, in);
  return {pnm.deep ? pnm_pixels<uint16_t>(pnm, in) : pnm_pixels<uint8_t>(pnm, in), 1};
}

}  // namespace cvtool
