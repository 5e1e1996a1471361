#include "datatools/drawn/brush.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace cvtool {
namespace {

constexpr int kShift = 4;  // coordinates handed to OpenCV are in 1/16 pixels

cv::Scalar scalar(const Color& color) { return {color[0], color[1], color[2]}; }

Shape corners_cut(const Shape& corners) {
  Shape cut;
  for (size_t i = 0; i < corners.size(); ++i) {
    const cv::Point2d a = corners[i], b = corners[(i + 1) % corners.size()];
    cut.push_back(a * 0.75 + b * 0.25);
    cut.push_back(a * 0.25 + b * 0.75);
  }
  return cut;
}

}  // namespace

Color shaded(const Color& color, double factor) {
  Color result;
  for (int i = 0; i < 3; ++i) result[i] = std::clamp(color[i] * factor, 0.0, 255.0);
  return result;
}

Color blended(const Color& a, const Color& b, double fraction) { return a * (1 - fraction) + b * fraction; }

Shape rounded(const Shape& corners) { return corners_cut(corners_cut(corners)); }

Shape rectangle(double x0, double y0, double x1, double y1) { return {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}; }

cv::Point Brush::on_canvas(const cv::Point2d& p) const {
  const double x = place_(0, 0) * p.x + place_(0, 1) * p.y + place_(0, 2);
  const double y = place_(1, 0) * p.x + place_(1, 1) * p.y + place_(1, 2);
  return {static_cast<int>(std::lround(x * (1 << kShift))), static_cast<int>(std::lround(y * (1 << kShift)))};
}

double Brush::scale() const { return std::hypot(place_(0, 0), place_(1, 0)); }

void Brush::fill(const Shape& shape, const Color& color, double opacity) {
  std::vector<cv::Point> outline;
  for (const auto& point : shape) outline.push_back(on_canvas(point));
  if (opacity >= 1) {
    cv::fillPoly(canvas_, outline, scalar(color), cv::LINE_AA, kShift);
    return;
  }
  cv::Mat painted = canvas_.clone();
  cv::fillPoly(painted, outline, scalar(color), cv::LINE_AA, kShift);
  cv::addWeighted(painted, opacity, canvas_, 1 - opacity, 0, canvas_);
}

void Brush::fill(const Shape& shape, const Color& top, const Color& bottom) {
  std::vector<cv::Point> outline;
  for (const auto& point : shape) outline.push_back(on_canvas(point));
  cv::Mat mask = cv::Mat::zeros(canvas_.size(), CV_8U);
  cv::fillPoly(mask, outline, cv::Scalar(255), cv::LINE_AA, kShift);
  const cv::Rect pixels(0, 0, canvas_.cols, canvas_.rows);
  const cv::Rect around = cv::boundingRect(outline);
  const double y0 = around.y / 16.0, height = std::max(1.0, around.height / 16.0);
  const cv::Rect box =
      cv::Rect(around.x / 16 - 1, around.y / 16 - 1, around.width / 16 + 3, around.height / 16 + 3) & pixels;
  for (int y = box.y; y < box.y + box.height; ++y) {
    const Color color = blended(top, bottom, std::clamp((y - y0) / height, 0.0, 1.0));
    for (int x = box.x; x < box.x + box.width; ++x) {
      const double fraction = mask.at<uchar>(y, x) / 255.0;
      if (fraction == 0) continue;
      auto& pixel = canvas_.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uchar>(pixel[c] * (1 - fraction) + color[c] * fraction);
    }
  }
}

void Brush::circle(const cv::Point2d& centre, double radius, const Color& color, double opacity) {
  Shape shape;
  for (int i = 0; i < 40; ++i) {
    const double turn = i * CV_2PI / 40;
    shape.emplace_back(centre.x + radius * std::cos(turn), centre.y + radius * std::sin(turn));
  }
  fill(shape, color, opacity);
}

void Brush::ellipse(const cv::Point2d& centre, double radius_x, double radius_y, const Color& color) {
  Shape shape;
  for (int i = 0; i < 40; ++i) {
    const double turn = i * CV_2PI / 40;
    shape.emplace_back(centre.x + radius_x * std::cos(turn), centre.y + radius_y * std::sin(turn));
  }
  fill(shape, color);
}

void Brush::line(const cv::Point2d& from, const cv::Point2d& to, const Color& color, double width) {
  const int thickness = std::max(1, static_cast<int>(std::lround(width * scale())));
  cv::line(canvas_, on_canvas(from), on_canvas(to), scalar(color), thickness, cv::LINE_AA, kShift);
}

}  // namespace cvtool
