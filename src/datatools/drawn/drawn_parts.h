// What drawn cars and trucks have in common.
#pragma once

#include "base/random.h"
#include "datatools/drawn/brush.h"
#include "datatools/drawn/drawn_vehicle.h"

namespace cvtool {

constexpr double kHair = 0.004;  // width of door gaps and seams, in vehicle lengths

// Maps a vehicle's own coordinates to the canvas.
Brush brush_at(cv::Mat& canvas, const VehiclePlace& place);

// The same colours for cars and trucks: colour alone must not tell them apart.
Color random_paint(Random& random);

// A wheel that stands on the road at `x`.
void draw_wheel(Brush& brush, double x, double radius, const Color& rim);

void draw_glass(Brush& brush, const Shape& shape, const Color& glass);

}  // namespace cvtool
