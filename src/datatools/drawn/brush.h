// Drawing for the drawn sample set: shapes in their own coordinates, placed on an RGB canvas by an affine
// map.
#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace cvtool {

using Color = cv::Vec3d;  // RGB, 0..255
using Shape = std::vector<cv::Point2d>;

// `color` with its brightness multiplied by `factor`, held in 0..255.
Color shaded(const Color& color, double factor);

// a where share = 0, b where share = 1.
Color blended(const Color& a, const Color& b, double fraction);

// Corners cut twice (Chaikin, "An algorithm for high-speed curve generation", 1974): a polygon becomes a
// smooth outline through the middles of its sides.
Shape rounded(const Shape& corners);

// The corners (x0,y0), (x1,y0), (x1,y1), (x0,y1).
Shape rectangle(double x0, double y0, double x1, double y1);

// Draws on a CV_8UC3 RGB canvas that it does not own. `place` maps a shape's coordinates to pixels.
class Brush {
 public:
  Brush(cv::Mat& canvas, const cv::Matx23d& place) : canvas_(canvas), place_(place) {}

  void fill(const Shape& shape, const Color& color, double opacity = 1);
  // Color `top` at the shape's upper edge on the canvas, `bottom` at its lower one, straight in between.
  void fill(const Shape& shape, const Color& top, const Color& bottom);
  void circle(const cv::Point2d& centre, double radius, const Color& color, double opacity = 1);
  void ellipse(const cv::Point2d& centre, double radius_x, double radius_y, const Color& color);
  // `width` in the shape's units.
  void line(const cv::Point2d& from, const cv::Point2d& to, const Color& color, double width);

 private:
  cv::Point on_canvas(const cv::Point2d& point) const;  // in 1/16 pixels
  double scale() const;

  cv::Mat& canvas_;
  cv::Matx23d place_;
};

}  // namespace cvtool
