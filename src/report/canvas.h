// Text as a strip of ink: FreeType with the system's sans-serif where OpenCV has it, else OpenCV's own line
// font.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace cvtool {

class TextFont {
 public:
  TextFont();
  ~TextFont();

  // Width in pixels of one line of UTF-8 text whose line is `size_px` high.
  double width(const std::string& text, double size_px) const;

  // A CV_8U strip of `size` with the text from x = `pad_px`, its capitals vertically centred; 255 is full
  // ink.
  cv::Mat strip(const std::string& text, double size_px, const cv::Size& size, int pad_px) const;

 private:
  struct Face;
  std::unique_ptr<Face> face_;  // null: OpenCV's line font
};

// A light sheet to draw on: lines, areas, marks and text with smooth edges. Positions and sizes are in pixels
// of the finished picture, from its upper left corner, and need not be whole.

struct Ink {
  int red = 0, green = 0, blue = 0;
};

constexpr Ink kWhite{255, 255, 255}, kText{38, 43, 51}, kMutedText{95, 103, 115}, kGrid{226, 229, 234},
    kFrame{168, 175, 186}, kWrong{200, 60, 20};

constexpr double kTitlePx = 17;  // height of a picture's title

// Colours that people with colour-blindness can tell apart (Okabe and Ito, "Color universal design", 2008),
// repeated after the seventh.
Ink series_ink(size_t index);

// a where share = 0, b where share = 1.
Ink blended(const Ink& a, const Ink& b, double fraction);

enum class Align { kLeft, kCentre, kRight };

struct TextStyle {
  double size_px = 14;  // height of the line
  Ink ink = kText;
  Align align = Align::kLeft;
  bool vertical = false;  // reads from bottom to top
};

class Canvas {
 public:
  // Drawn `finer` times larger and reduced for smooth edges; 1 spares the memory of big pictures of boxes and
  // text. Throws Error for a side outside 1 .. 16000.
  Canvas(int width_px, int height_px, int finer = 2);
  ~Canvas();

  int width() const { return width_px_; }
  int height() const { return height_px_; }

  void line(const cv::Point2d& from, const cv::Point2d& to, const Ink& ink, double width_px);
  // Joined by straight lines; `dash_px` > 0 makes them dashed.
  void path(const std::vector<cv::Point2d>& points, const Ink& ink, double width_px, double dash_px = 0);
  void fill(const cv::Rect2d& box, const Ink& ink);
  void frame(const cv::Rect2d& box, const Ink& ink, double width_px = 1);
  void dot(const cv::Point2d& centre, double radius_px, const Ink& ink);
  // The picture (CV_8UC3, RGB) stretched to the box.
  void picture(const cv::Mat& rgb, const cv::Rect2d& box);

  // `at` is where the text's vertical middle lies and, by style.align, its left end, middle or right end (for
  // vertical text: lower end, middle or upper end). UTF-8; signs that the font lacks show as boxes.
  void text(const std::string& text, const cv::Point2d& at, const TextStyle& style);
  double text_width(const std::string& text, double size_px) const;
  // The text shortened with "..." until it is at most `room_px` wide; "" when not even that fits.
  std::string fitted(const std::string& text, double size_px, double room_px) const;

  // CV_8UC3, RGB, width x height.
  cv::Mat pixels() const;

 private:
  struct Font;
  cv::Point on_sheet(const cv::Point2d& point) const;

  int width_px_, height_px_, finer_;
  cv::Mat sheet_;  // finer_ times the finished size
  std::unique_ptr<Font> font_;
};

// Writes the picture atomically, as what image_bytes makes of the path. Throws Error.
void write_picture(const std::string& path, const Canvas& canvas);

}  // namespace cvtool
