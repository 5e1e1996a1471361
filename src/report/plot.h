// Line charts: axes, ticks, grid, title and a legend that stands above the data, never on it.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "report/canvas.h"

namespace cvtool {

struct Series {
  std::string name;          // in the legend; "" leaves it out
  std::vector<double> x, y;  // equally long; a point with a NaN or infinity is absent and breaks the line
  Ink ink;
  double width_px = 2;
  double dash_px = 0;  // > 0: dashed
  bool dots = false;   // mark every point; lone points are always marked
};

struct Axis {
  std::string label;
  double low = std::numeric_limits<double>::quiet_NaN();  // NaN: from the data
  double high = std::numeric_limits<double>::quiet_NaN();
  bool whole = false;              // ticks at integers only
  std::vector<std::string> names;  // of the x axis: stand at 0, 1, 2, ... in place of numbers
  bool may_be_log = false;         // logarithmic where the data are positive and span more than a factor of 1000
};

// A vertical line at x with a word in the legend: the best epoch.
struct Mark {
  double x = 0;
  std::string name;
};

// A bar from `from` to `to` on the x axis, from 0 up to `height`.
struct Bar {
  double from = 0, to = 0, height = 0;
};

struct Chart {
  std::string title;
  Axis x, y;
  std::vector<Bar> bars;  // drawn below the lines
  Ink bar_ink{170, 205, 230};
  std::vector<Series> series;
  std::vector<Mark> fingerprints;
  double y_numbers_px = 0;  // least width for the numbers of the y axis: aligns charts that stand above one another
};

// Where a chart's data lie on the canvas: what a value's pixel is.
struct PlotScale {
  cv::Rect2d area;  // of the data, without title, legend and labels
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  bool y_log = false;
  cv::Point2d at(double x, double y) const;
};

// Draws the chart into `box` and returns its scale.
PlotScale draw_chart(Canvas& canvas, const cv::Rect2d& box, const Chart& chart);

}  // namespace cvtool
