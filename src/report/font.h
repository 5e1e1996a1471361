// Text as a strip of ink: FreeType with the system's sans-serif where OpenCV has it, else OpenCV's own line
// font.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>

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

}  // namespace cvtool
