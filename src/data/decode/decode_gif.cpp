// GIF through giflib: the first frame, over white.
#include <gif_lib.h>

#include <cstring>
#include <vector>

#include "base/error.h"
#include "data/decode/decoders.h"

namespace cvtool {
namespace {

struct GifSource {
  const std::string* bytes;
  size_t position;
};

int read_bytes(GifFileType* gif, GifByteType* target, int count) {
  auto& reader = *static_cast<GifSource*>(gif->UserData);
  const size_t take = std::min<size_t>(static_cast<size_t>(count), reader.bytes->size() - reader.position);
  std::memcpy(target, reader.bytes->data() + reader.position, take);
  reader.position += take;
  return static_cast<int>(take);
}

struct GifReader {
  GifSource bytes;
  GifFileType* gif = nullptr;
  ~GifReader() {
    int ignored = 0;
    if (gif) DGifCloseFile(gif, &ignored);
  }
};

[[noreturn]] void fail(int code) {
  if (code == D_GIF_ERR_READ_FAILED || code == D_GIF_ERR_EOF_TOO_SOON)
    throw DataError("truncated GIF: the file ends before the picture does");
  const char* reason = GifErrorString(code);
  throw DataError(std::string("damaged GIF: ") + (reason ? reason : "it holds no frame"));
}

// Goes to the first frame; returns its transparent colour, or -1.
int find_first_frame(GifFileType* gif) {
  int transparent = NO_TRANSPARENT_COLOR;
  for (GifRecordType type = UNDEFINED_RECORD_TYPE; type != IMAGE_DESC_RECORD_TYPE;) {
    if (DGifGetRecordType(gif, &type) == GIF_ERROR) fail(gif->Error);
    if (type == TERMINATE_RECORD_TYPE) throw DataError("the GIF holds no frame");
    if (type != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) fail(gif->Error);
    GraphicsControlBlock control{};
    if (code == GRAPHICS_EXT_FUNC_CODE && block && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
      transparent = control.TransparentColor;
    while (block)
      if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) fail(gif->Error);
  }
  if (DGifGetImageDesc(gif) == GIF_ERROR) fail(gif->Error);
  return transparent;
}

// The rows of an interlaced frame in the order in which they are stored (GIF89a, appendix E).
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  if (!interlaced) {
    for (int y = 0; y < height; ++y) rows.push_back(y);
    return rows;
  }
  constexpr int kPasses[4][2] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  for (const auto& pass : kPasses)
    for (int y = pass[0]; y < height; y += pass[1]) rows.push_back(y);
  return rows;
}

void draw_row(const std::vector<GifPixelType>& row, const ColorMapObject& colours, int transparent,
              cv::Mat canvas_from_left) {
  const int columns = std::min<int>(canvas_from_left.cols, static_cast<int>(row.size()));
  auto* out = canvas_from_left.ptr<uint8_t>(0);
  for (int x = 0; x < columns; ++x, out += 3) {
    const int index = row[static_cast<size_t>(x)];
    if (index == transparent || index >= colours.ColorCount) continue;
    const GifColorType& colour = colours.Colors[index];
    out[0] = colour.Red, out[1] = colour.Green, out[2] = colour.Blue;
  }
}

// Of a GIF without any: its values are shades of grey, as other programs have it.
const ColorMapObject& grey_colours() {
  static std::vector<GifColorType> greys = [] {
    std::vector<GifColorType> out;
    for (int i = 0; i < 256; ++i) out.push_back({GifByteType(i), GifByteType(i), GifByteType(i)});
    return out;
  }();
  static const ColorMapObject map{256, 8, false, greys.data()};
  return map;
}

}  // namespace

DecodedImage decode_gif(const std::string& bytes, const DecodeOptions& options) {
  GifReader reader{{&bytes, 0}};
  int error = 0;
  reader.gif = DGifOpen(&reader.bytes, read_bytes, &error);
  if (!reader.gif) fail(error);
  const int transparent = find_first_frame(reader.gif);
  const GifImageDesc& frame = reader.gif->Image;
  check_pixel_count(frame.Height, frame.Width, options);
  const bool sized = reader.gif->SWidth > 0 && reader.gif->SHeight > 0;
  const int height = sized ? reader.gif->SHeight : frame.Top + frame.Height;
  const int width = sized ? reader.gif->SWidth : frame.Left + frame.Width;
  check_pixel_count(height, width, options);
  const ColorMapObject* colours = frame.ColorMap ? frame.ColorMap : reader.gif->SColorMap;
  if (!colours) colours = &grey_colours();

  cv::Mat canvas(height, width, CV_8UC3, cv::Scalar::all(255));
  std::vector<GifPixelType> row(static_cast<size_t>(frame.Width));
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(reader.gif, row.data(), frame.Width) == GIF_ERROR) fail(reader.gif->Error);
    if (frame.Top + y < height && frame.Left < width)
      draw_row(row, *colours, transparent, canvas.row(frame.Top + y).colRange(frame.Left, width));
  }
  return {canvas, 1};
}

}  // namespace cvtool
