// Side views of cars and trucks for the drawn sample set.
#pragma once

#include "base/random.h"
#include "datatools/drawn/brush.h"

namespace cvtool {

// How a vehicle stands in the picture.
struct VehiclePlace {
  double ground_px = 0;  // y of the road under the wheels
  double centre_px = 0;  // x of the middle
  double length_px = 0;
  double tilt = 0;  // radians, of the camera
  bool facing_left = false;
};

// A vehicle's own coordinates: x = 0 at the tail, 1 at the nose; y = 0 on the road, up. Both draw length 1;
// the height, in the same units, is about 0.3 for a car and 0.4 to 0.6 for a truck.
void draw_car(cv::Mat& canvas, const VehiclePlace& place, Random& random);
void draw_truck(cv::Mat& canvas, const VehiclePlace& place, Random& random);

// What drawn cars and trucks have in common.

constexpr double kHair = 0.004;  // width of door gaps and seams, in vehicle lengths

// Maps a vehicle's own coordinates to the canvas.
Brush brush_at(cv::Mat& canvas, const VehiclePlace& place);

// The same colours for cars and trucks: colour alone must not tell them apart.
Color random_paint(Random& random);

// A wheel that stands on the road at `x`.
void draw_wheel(Brush& brush, double x, double radius, const Color& rim);

void draw_glass(Brush& brush, const Shape& shape, const Color& glass);

}  // namespace cvtool
