#include "datatools/drawn/drawn_parts.h"

#include <array>
#include <cmath>

namespace cvtool {

Brush brush_at(cv::Mat& canvas, const VehiclePlace& place) {
  const double side = place.facing_left ? -1 : 1, c = std::cos(place.tilt), s = std::sin(place.tilt);
  const double l = place.length_px;
  // Unit coordinates, centred, mirrored, y downwards, then tilted.
  return {canvas,
          {side * c * l, s * l, place.centre_px - side * c * l / 2,  //
           side * s * l, -c * l, place.ground_px - side * s * l / 2}};
}

Color random_paint(Random& random) {
  static constexpr std::array<std::array<double, 3>, 14> kPaints{{{190, 30, 35},
                                                                  {35, 70, 160},
                                                                  {235, 235, 232},
                                                                  {40, 42, 46},
                                                                  {165, 170, 175},
                                                                  {240, 190, 40},
                                                                  {30, 105, 70},
                                                                  {120, 25, 40},
                                                                  {225, 110, 35},
                                                                  {85, 150, 200},
                                                                  {110, 95, 80},
                                                                  {205, 195, 165},
                                                                  {90, 45, 110},
                                                                  {60, 130, 130}}};
  const auto& paint = kPaints[static_cast<size_t>(random.below(kPaints.size()))];
  Color color;
  for (int i = 0; i < 3; ++i) color[i] = paint[static_cast<size_t>(i)] + random.uniform(-18, 18);
  return shaded(color, random.uniform(0.85, 1.1));
}

void draw_wheel(Brush& brush, double x, double radius, const Color& rim) {
  brush.circle({x, radius}, radius, {22, 22, 24});
  brush.circle({x, radius}, radius * 0.64, shaded(rim, 0.6));
  brush.circle({x, radius}, radius * 0.57, rim);
  for (int i = 0; i < 5; ++i) {
    const double turn = 0.3 + i * CV_2PI / 5;
    brush.line({x, radius}, {x + radius * 0.5 * std::cos(turn), radius + radius * 0.5 * std::sin(turn)},
               shaded(rim, 0.45), radius * 0.16);
  }
  brush.circle({x, radius}, radius * 0.16, shaded(rim, 0.75));
}

void draw_glass(Brush& brush, const Shape& shape, const Color& glass) {
  brush.fill(shape, shaded(glass, 1.6), shaded(glass, 0.7));
}

}  // namespace cvtool
