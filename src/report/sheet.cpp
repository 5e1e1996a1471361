#include "report/sheet.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cvtool {
namespace {

constexpr double kLongestSide = 16000;
constexpr double kGap = 14, kLine = 18, kCaptionPx = 13;

// Where the tiles stand.
struct Grid {
  int columns = 1;
  size_t shown = 0;  // how many pictures have room
  double side = 0, tile_height = 0, top = kGap;
};

Grid grid_for(const std::vector<SheetPicture>& pictures, const SheetStyle& style) {
  Grid grid;
  grid.shown = std::min(pictures.size(), kMostPictures);
  size_t lines = 0;
  for (size_t i = 0; i < grid.shown; ++i) lines = std::max(lines, pictures[i].caption.size());
  grid.side = std::clamp(style.tile_px, 16, 1000);
  grid.tile_height = grid.side + (lines > 0 ? 6 + kLine * static_cast<double>(lines) : 0);
  const int square = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(std::max<size_t>(1, grid.shown)))));
  const int widest = static_cast<int>((kLongestSide - kGap) / (grid.side + kGap));
  grid.columns = std::min(style.columns > 0 ? style.columns : std::min(8, square), widest);
  const auto rows = static_cast<size_t>((kLongestSide - 60) / (grid.tile_height + kGap));
  grid.shown = std::min(grid.shown, rows * static_cast<size_t>(grid.columns));
  return grid;
}

std::string title_of(const SheetStyle& style, size_t shown, size_t all) {
  if (shown == all) return style.title;
  const std::string part = "(" + std::to_string(shown) + " of " + std::to_string(all) + ")";
  return style.title.empty() ? part : style.title + " " + part;
}

}  // namespace

void draw_tile(Canvas& canvas, const cv::Point2d& corner, const SheetPicture& picture, double side) {
  canvas.fill({corner.x, corner.y, side, side}, {243, 245, 248});
  if (!picture.rgb.empty()) {
    const double scale = side / std::max(picture.rgb.cols, picture.rgb.rows);
    const double wide = std::max(1.0, picture.rgb.cols * scale), high = std::max(1.0, picture.rgb.rows * scale);
    canvas.picture(picture.rgb, {corner.x + (side - wide) / 2, corner.y + (side - high) / 2, wide, high});
  }
  if (picture.wrong) canvas.frame({corner.x, corner.y, side, side}, kWrong, 2.5);
  for (size_t i = 0; i < picture.caption.size(); ++i) {
    const double y = corner.y + side + 4 + kLine * (static_cast<double>(i) + 0.5);
    canvas.text(canvas.fitted(picture.caption[i], kCaptionPx, side), {corner.x, y},
                {kCaptionPx, i == 0 ? kText : kMutedText});
  }
}

void write_sheet(const std::string& path, const std::vector<SheetPicture>& pictures, const SheetStyle& style) {
  Grid grid = grid_for(pictures, style);
  const std::string title = title_of(style, grid.shown, pictures.size());
  if (!title.empty()) grid.top = 52;
  const auto columns = static_cast<size_t>(grid.columns), rows = (grid.shown + columns - 1) / columns;
  const double needed = title.empty() ? 0 : Canvas(1, 1).text_width(title, kTitlePx) + 2 * kGap;
  const double wide = std::min(kLongestSide, std::max(kGap + (grid.side + kGap) * grid.columns, needed));
  const double high = std::max(40.0, grid.top + (grid.tile_height + kGap) * static_cast<double>(rows));
  Canvas canvas(static_cast<int>(wide), static_cast<int>(high), wide * high > 6e6 ? 1 : 2);
  if (!title.empty()) canvas.text(title, {kGap, 28}, {kTitlePx, kText});
  for (size_t i = 0; i < grid.shown; ++i) {
    const auto row = static_cast<double>(i / columns), column = static_cast<double>(i % columns);
    draw_tile(canvas, {kGap + column * (grid.side + kGap), grid.top + row * (grid.tile_height + kGap)}, pictures[i],
              grid.side);
  }
  write_picture(path, canvas);
}

}  // namespace cvtool
