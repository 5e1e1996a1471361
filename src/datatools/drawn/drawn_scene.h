// What surrounds a vehicle in the drawn sample set: the street behind it, things before it, and the camera.
#pragma once

#include "base/random.h"
#include "datatools/drawn/brush.h"

namespace cvtool {

// Fills the canvas with sky, a background (buildings, hills, trees or a wall) and a road whose horizon lies
// above `ground_px`, the line on which the vehicle will stand.
void draw_street(cv::Mat& canvas, double ground_px, Random& random);

// A soft dark patch on the road from x0 to x1.
void draw_shadow(cv::Mat& canvas, double ground_px, double x0_px, double x1_px);

// Poles, bushes, a fence or kerb between camera and vehicle, in about a third of the pictures; they hide at
// most about a fifth of it.
void draw_foreground(cv::Mat& canvas, double ground_px, Random& random);

// Exposure, colour cast, haze, vignette, blur and sensor noise.
void take_photo(cv::Mat& canvas, Random& random);

}  // namespace cvtool
