#include "report/sheet.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/canvas.h"

namespace cvtool {
namespace {

constexpr size_t kMost = 400;
constexpr double kGap = 14, kLine = 18, kCaptionPx = 13, kTitlePx = 17;
constexpr Ink kWrong{200, 60, 20};

void draw_tile(Canvas& canvas, const cv::Point2d& corner, const SheetPicture& picture, double side) {
  canvas.fill({corner.x, corner.y, side, side}, {243, 245, 248});
  if (!picture.rgb.empty()) {
    const double scale = side / std::max(picture.rgb.cols, picture.rgb.rows);
    const double wide = std::max(1.0, picture.rgb.cols * scale),
                 high = std::max(1.0, picture.rgb.rows * scale);
    canvas.picture(picture.rgb, {corner.x + (side - wide) / 2, corner.y + (side - high) / 2, wide, high});
  }
  if (picture.wrong) canvas.frame({corner.x, corner.y, side, side}, kWrong, 2.5);
  for (size_t i = 0; i < picture.caption.size(); ++i) {
    const double y = corner.y + side + 4 + kLine * (static_cast<double>(i) + 0.5);
    canvas.text(canvas.fitted(picture.caption[i], kCaptionPx, side), {corner.x, y},
                {kCaptionPx, i == 0 ? kText : kMutedText});
  }
}

int columns_for(size_t count, int asked) {
  const int square = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(std::max<size_t>(1, count)))));
  return asked > 0 ? std::min<int>(asked, 40) : std::min(8, square);
}

}  // namespace

void write_sheet(const std::string& path, const std::vector<SheetPicture>& pictures,
                 const SheetStyle& style) {
  const size_t shown = std::min(pictures.size(), kMost);
  const int columns = columns_for(shown, style.columns);
  const auto rows = (shown + static_cast<size_t>(columns) - 1) / static_cast<size_t>(columns);
  size_t lines = 0;
  for (size_t i = 0; i < shown; ++i) lines = std::max(lines, pictures[i].caption.size());
  std::string title = style.title;
  if (shown < pictures.size())
    title += (title.empty() ? "" : " ") +
             ("(" + std::to_string(shown) + " of " + std::to_string(pictures.size()) + ")");
  const double side = std::clamp(style.tile_px, 16, 1000),
               tile_height = side + (lines > 0 ? 6 + kLine * static_cast<double>(lines) : 0);
  const double top = title.empty() ? kGap : 52;
  const double wide = kGap + (side + kGap) * columns;
  const double needed = title.empty() ? 0 : Canvas(1, 1).text_width(title, kTitlePx) + 2 * kGap;
  Canvas canvas(static_cast<int>(std::min(16000.0, std::max(wide, needed))),
                static_cast<int>(std::min(
                    16000.0, std::max(40.0, top + (tile_height + kGap) * static_cast<double>(rows)))),
                shown * side * side > 6e6 ? 1 : 2);
  if (!title.empty()) canvas.text(title, {kGap, 28}, {kTitlePx, kText});
  for (size_t i = 0; i < shown; ++i) {
    const auto row = static_cast<double>(i / static_cast<size_t>(columns)),
               column = static_cast<double>(i % static_cast<size_t>(columns));
    draw_tile(canvas, {kGap + column * (side + kGap), top + row * (tile_height + kGap)}, pictures[i], side);
  }
  write_picture(path, canvas);
}

}  // namespace cvtool
