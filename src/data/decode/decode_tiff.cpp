// TIFF through libtiff: its first page, whatever the bits, colours and compression.
#include <tiffio.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

struct TiffSource {
  const std::string* bytes;
  toff_t position;
};

tmsize_t read_bytes(thandle_t handle, void* target, tmsize_t count) {
  auto& reader = *static_cast<TiffSource*>(handle);
  const toff_t size = reader.bytes->size();
  const toff_t left = reader.position < size ? size - reader.position : 0;
  const toff_t take = std::min<toff_t>(static_cast<toff_t>(count), left);
  std::memcpy(target, reader.bytes->data() + std::min(reader.position, size), take);
  reader.position += take;
  return static_cast<tmsize_t>(take);
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& reader = *static_cast<TiffSource*>(handle);
  if (whence == SEEK_CUR) offset += reader.position;
  if (whence == SEEK_END) offset += reader.bytes->size();
  return reader.position = offset;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<TiffSource*>(handle)->bytes->size(); }

// libtiff tells its errors to one function of the process; the thread that reads knows whose they are.
thread_local std::string* own_errors = nullptr;

void keep_error(const char*, const char* format, va_list values) {
  if (!own_errors || !own_errors->empty()) return;
  char text[256] = "";
  std::vsnprintf(text, sizeof text, format, values);
  *own_errors = text;
}

struct ErrorKeeper {
  std::string text;  // the first error
  ErrorKeeper() {
    static const bool kSet = [] {
      TIFFSetErrorHandler(keep_error);
      TIFFSetWarningHandler(nullptr);
      return true;
    }();
    (void)kSet;
    own_errors = &text;
  }
  ~ErrorKeeper() { own_errors = nullptr; }
  std::string why() const { return text.empty() ? "" : ": " + text; }
};

// What libtiff would not read, or read as something else than it is; "" where there is nothing.
std::string unread_kind(TIFF* tiff) {
  uint16_t bits = 1, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_RGB;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  const std::string size = std::to_string(bits) + "-bit ";
  if (format == SAMPLEFORMAT_IEEEFP) return size + "float samples";
  if (format == SAMPLEFORMAT_INT) return size + "signed samples";
  if (format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP) return "complex numbers";
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16) return size + "samples";
  if (photometric == PHOTOMETRIC_SEPARATED && bits != 8) return size + "CMYK";
  char why[1024] = "";
  return TIFFRGBAImageOK(tiff, why) ? "" : why;
}

// libtiff takes memory for a tile or a strip as the header has it.
void check_parts(TIFF* tiff, const DecodeOptions& options) {
  uint32_t height = 0, width = 0;
  if (TIFFIsTiled(tiff)) {
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
    check_pixel_count(height, width, options);
  }
  constexpr uint64_t kMaxPixelBytes = 16;
  const uint64_t part_bytes = TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
  if (part_bytes / kMaxPixelBytes > static_cast<uint64_t>(options.max_pixels))
    throw DataError("too large: its parts take " + with_thousands(static_cast<int64_t>(part_bytes)) +
                    " bytes; raise --max-pixels if it is a photo");
}

// How values of 16 bits lie in a file.
struct DeepLayout {
  int samples = 1;        // of a pixel: its colours, then alpha
  int colours = 1;        // 3 or 1
  bool apart = false;     // each sample in a plane of its own
  bool inverted = false;  // 0 is white
  uint16_t alpha = EXTRASAMPLE_UNSPECIFIED;
};

// Nothing where there are fewer bits, or what libtiff must make colours of.
std::optional<DeepLayout> deep_layout(TIFF* tiff) {
  uint16_t bits = 1, samples = 1, planar = PLANARCONFIG_CONTIG, photometric = PHOTOMETRIC_SEPARATED, extras = 0;
  uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
  const bool grey = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  if (bits != 16 || (!grey && photometric != PHOTOMETRIC_RGB)) return {};
  DeepLayout layout{samples, grey ? 1 : 3, planar == PLANARCONFIG_SEPARATE, photometric == PHOTOMETRIC_MINISWHITE};
  if (layout.samples < layout.colours || layout.samples > layout.colours + 1) return {};
  if (layout.samples > layout.colours) layout.alpha = extras > 0 ? kinds[0] : EXTRASAMPLE_UNSPECIFIED;
  // As libtiff takes a fourth sample of which nothing is said.
  if (layout.samples == 4 && layout.alpha == EXTRASAMPLE_UNSPECIFIED) layout.alpha = EXTRASAMPLE_ASSOCALPHA;
  return layout;
}

// Puts `from`, values of a plane or of whole pixels, into `samples` at (x, y); what lies outside is left away.
void put_part(const cv::Mat& from, cv::Mat& samples, const cv::Point& at, int plane) {
  const cv::Rect box = cv::Rect(at, from.size()) & cv::Rect({}, samples.size());
  cv::Mat target = samples(box);
  const cv::Mat part = from(cv::Rect({}, box.size()));
  if (from.channels() == samples.channels())
    part.copyTo(target);
  else
    cv::insertChannel(part, target, plane);
}

// Each plane's rows or tiles in their order, since compressed ones cannot be read in another. False where one is
// damaged.
bool read_deep_plane(TIFF* tiff, cv::Mat& samples, int plane, bool apart) {
  const int type = apart ? CV_16UC1 : samples.type();
  if (!TIFFIsTiled(tiff)) {
    cv::Mat row(1, samples.cols, type);
    if (static_cast<uint64_t>(TIFFScanlineSize64(tiff)) != row.total() * row.elemSize()) return false;
    for (int y = 0; y < samples.rows; ++y) {
      if (TIFFReadScanline(tiff, row.data, static_cast<uint32_t>(y), static_cast<uint16_t>(plane)) < 0) return false;
      put_part(row, samples, {0, y}, plane);
    }
    return true;
  }
  uint32_t height = 0, width = 0;
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  cv::Mat tile(static_cast<int>(height), static_cast<int>(width), type);
  if (static_cast<uint64_t>(TIFFTileSize64(tiff)) != tile.total() * tile.elemSize()) return false;
  for (int y = 0; y < samples.rows; y += tile.rows)
    for (int x = 0; x < samples.cols; x += tile.cols) {
      if (TIFFReadTile(tiff, tile.data, static_cast<uint32_t>(x), static_cast<uint32_t>(y), 0,
                       static_cast<uint16_t>(plane)) < 0)
        return false;
      put_part(tile, samples, {x, y}, plane);
    }
  return true;
}

// CV_16UC3; empty where the file is damaged.
cv::Mat read_deep(TIFF* tiff, const cv::Size& size, const DeepLayout& layout) {
  cv::Mat samples(size, CV_16UC(layout.samples)), rgba(size, CV_16UC4, cv::Scalar::all(65535));
  for (int plane = 0; plane < (layout.apart ? layout.samples : 1); ++plane)
    if (!read_deep_plane(tiff, samples, plane, layout.apart)) return {};
  const bool has_alpha = layout.alpha != EXTRASAMPLE_UNSPECIFIED;
  std::vector<int> places;  // pairs of a sample and a channel
  for (int c = 0; c < 3; ++c) places.insert(places.end(), {layout.colours == 1 ? 0 : c, c});
  if (has_alpha) places.insert(places.end(), {layout.colours, 3});
  cv::mixChannels(&samples, 1, &rgba, 1, places.data(), places.size() / 2);
  if (layout.inverted) cv::absdiff(rgba, cv::Scalar(65535, 65535, 65535, 0), rgba);
  return over_white(rgba, layout.alpha == EXTRASAMPLE_ASSOCALPHA);
}

}  // namespace

DecodedImage decode_tiff(const std::string& bytes, const DecodeOptions& options) {
  const ErrorKeeper errors;
  TiffSource reader{&bytes, 0};
  // "m": not memory-mapped; the bytes are in memory already.
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(
      TIFFClientOpen("photo", "rm", &reader, read_bytes, write_nothing, seek, close_nothing, size_of, nullptr, nullptr),
      TIFFClose);
  if (!tiff) throw DataError("damaged or truncated TIFF: it has no readable directory" + errors.why());
  uint32_t height = 0, width = 0;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  check_pixel_count(height, width, options);
  if (const std::string kind = unread_kind(tiff.get()); !kind.empty())
    throw DataError("TIFF of a kind that is not read (" + kind + "); save it as PNG, or as TIFF of 8 or 16 bits");
  check_parts(tiff.get(), options);
  // libtiff would obey the mirroring part of an orientation; all of it is done in one place instead.
  TIFFSetField(tiff.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (const auto layout = options.deep ? deep_layout(tiff.get()) : std::nullopt) {
    const cv::Mat rgb = read_deep(tiff.get(), {static_cast<int>(width), static_cast<int>(height)}, *layout);
    if (rgb.empty()) throw DataError("damaged or truncated TIFF" + errors.why());
    return {rgb, orientation};
  }
  cv::Mat rgba(static_cast<int>(height), static_cast<int>(width), CV_8UC4);
  if (!TIFFReadRGBAImageOriented(tiff.get(), width, height, rgba.ptr<uint32_t>(), ORIENTATION_TOPLEFT,
                                 /*stop on error=*/1))
    throw DataError("damaged or truncated TIFF" + errors.why());
  return {over_white(rgba, /*premultiplied=*/true), orientation};
}

}  // namespace cvtool
