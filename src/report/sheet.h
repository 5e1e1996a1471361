// A sheet of pictures with captions: the most confident mistakes, a training batch, a preview of
// augmentation.
#pragma once

#include <string>
#include <vector>

#include "report/canvas.h"

namespace cvtool {

struct SheetPicture {
  cv::Mat rgb;                       // CV_8UC3, RGB, any size; shown whole, in its own proportions
  std::vector<std::string> caption;  // lines below it, shortened to the tile's width
  bool wrong = false;                // a red frame
};

struct SheetStyle {
  std::string title;  // "" for none
  int columns = 0;    // 0: about as wide as high, at most 8
  int tile_px = 180;  // side of the square that each picture stands in
};

// More are not drawn.
constexpr size_t kMostPictures = 400;

// Draws the picture in the middle of a square of `side` pixels, whole, its caption below in lines of 18 pixels.
void draw_tile(Canvas& canvas, const cv::Point2d& corner, const SheetPicture& picture, double side);

// Writes as write_picture does. At most kMostPictures are shown; the title of a longer
// sheet says how many there were. Throws Error when the file cannot be written.
void write_sheet(const std::string& path, const std::vector<SheetPicture>& pictures, const SheetStyle& style);

}  // namespace cvtool
