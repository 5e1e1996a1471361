// Pictures that the data commands draw with OpenCV. All are RGB.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

namespace cvtool {

// Draws text, smaller or cut short until it fits into `width` pixels; letters beyond ASCII, which OpenCV
// cannot draw, become '?'. `left` and `baseline` are its lower left corner.
struct TextPlace {
  int left, baseline, width;
  double scale = 0.4;
};
void draw_text(cv::Mat& rgb, const std::string& text, const TextPlace& place, const cv::Scalar& colour);

// A bar chart in `area` (a region of a larger picture).
struct BarChart {
  std::string title;
  std::vector<std::string> labels;          // below the bars, which then have their numbers above them; or empty
  std::vector<std::string> range;           // labels along the axis, evenly spaced from end to end
  std::vector<std::vector<double>> series;  // one or more, drawn over one another
  std::vector<cv::Scalar> colours;          // of each series
  std::string unit;                         // of the largest value
};
void draw_bars(cv::Mat area, const BarChart& chart);

}  // namespace cvtool
