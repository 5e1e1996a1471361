#include <array>
#include <cmath>

#include "datatools/drawn/drawn_parts.h"

namespace cvtool {
namespace {

// Where a car's roof, windows and ends are. Heights and lengths in units of its length.
struct CarLines {
  double deck, tail_top, roof_back, roof_front, screen_foot, hood, belt, roof, sill, wheel;
};

CarLines random_car(Random& random) {
  static constexpr std::array<CarLines, 5> kKinds{
      {// deck tail_top roof_back roof_front screen_foot hood  belt   roof   sill  wheel
       {0.15, 0.235, 0.30, 0.56, 0.73, 0.205, 0.225, 0.330, 0.065, 0.072},    // saloon
       {0.03, 0.245, 0.12, 0.56, 0.74, 0.215, 0.235, 0.355, 0.065, 0.076},    // hatchback
       {0.02, 0.240, 0.07, 0.57, 0.73, 0.205, 0.225, 0.330, 0.062, 0.072},    // estate
       {0.02, 0.275, 0.07, 0.58, 0.72, 0.255, 0.265, 0.395, 0.095, 0.088},    // off-roader
       {0.12, 0.215, 0.33, 0.47, 0.66, 0.185, 0.205, 0.285, 0.050, 0.074}}};  // coupe
  CarLines car = kKinds[static_cast<size_t>(random.below(kKinds.size()))];
  for (double* x : {&car.roof_back, &car.roof_front, &car.screen_foot}) *x += random.uniform(-0.02, 0.02);
  const double tall = random.uniform(0.95, 1.06);
  for (double* y : {&car.tail_top, &car.hood, &car.belt, &car.roof}) *y *= tall;
  car.wheel *= random.uniform(0.93, 1.07);
  return car;
}

Shape car_outline(const CarLines& car) {
  return {{0.01, car.sill},
          {0.0, car.sill + 0.05},
          {0.0, car.tail_top - 0.03},
          {0.015, car.tail_top},
          {car.deck, car.tail_top + 0.01},
          {car.roof_back, car.roof - 0.004},
          {car.roof_back + 0.04, car.roof},
          {(car.roof_back + car.roof_front) / 2, car.roof + 0.006},
          {car.roof_front, car.roof},
          {car.screen_foot, car.belt + 0.012},
          {car.screen_foot + 0.03, car.hood + 0.012},
          {0.93, car.hood - 0.01},
          {0.985, car.hood - 0.045},
          {1.0, car.sill + 0.06},
          {0.985, car.sill},
          {0.8, car.sill - 0.006},
          {0.2, car.sill - 0.006}};
}

void draw_car_windows(Brush& brush, const CarLines& car, const Color& paint, Random& random) {
  const Color glass = blended({48, 62, 74}, {95, 120, 135}, random.uniform());
  const double top = car.roof - 0.022, foot = car.belt + 0.004;
  const double back = std::max(car.deck + 0.035, 0.05), front = car.screen_foot - 0.025;
  const Shape glasshouse = {{back, foot}, {car.roof_back + 0.025, top}, {car.roof_front - 0.005, top}, {front, foot}};
  draw_glass(brush, glasshouse, glass);
  const double middle = (car.roof_back + car.roof_front) / 2 + random.uniform(0.0, 0.05);
  const double shine = middle + random.uniform(0.05, 0.1);
  brush.fill({{shine, foot}, {shine + 0.05, top}, {shine + 0.075, top}, {shine + 0.025, foot}}, {215, 225, 232}, 0.3);
  brush.line({middle, foot}, {middle, top}, shaded(paint, 0.55), 0.016);
  if (car.roof_back < 0.2) brush.line({0.25, foot}, {0.25, top}, shaded(paint, 0.55), 0.014);
  // The screen edge in the body's colour keeps the glass from meeting the outline.
  brush.line({front, foot}, {car.roof_front - 0.005, top}, shaded(paint, 0.8), 0.012);
}

void draw_car_details(Brush& brush, const CarLines& car, const Color& paint, Random& random) {
  const double middle = (car.roof_back + car.roof_front) / 2 + 0.02, foot = car.sill + 0.02;
  const Color seam = shaded(paint, 0.5);
  for (double x : {middle, car.screen_foot - 0.03}) brush.line({x, foot}, {x, car.belt}, seam, kHair);
  brush.line({0.3, car.belt}, {0.34, foot + 0.02}, seam, kHair);
  brush.line({middle - 0.07, car.belt - 0.022}, {middle - 0.03, car.belt - 0.022}, shaded(paint, 0.6), 0.009);
  brush.line({car.screen_foot - 0.1, car.belt - 0.022}, {car.screen_foot - 0.14, car.belt - 0.022}, shaded(paint, 0.6),
             0.009);
  brush.line({0.04, car.belt - 0.01}, {0.9, car.hood - 0.025}, shaded(paint, 1.25), kHair);
  const bool lit = random.uniform() < 0.3;
  brush.fill(
      rounded({{0.9, car.hood - 0.03}, {0.975, car.hood - 0.05}, {0.985, car.hood - 0.075}, {0.915, car.hood - 0.062}}),
      lit ? Color{255, 246, 205} : Color{214, 222, 226});
  brush.fill(rectangle(0.002, car.tail_top - 0.065, 0.035, car.tail_top - 0.025), {185, 25, 25});
  brush.fill({{0.02, car.sill - 0.004}, {0.98, car.sill - 0.004}, {0.985, car.sill + 0.018}, {0.015, car.sill + 0.018}},
             {38, 38, 40});
  brush.ellipse({car.screen_foot - 0.055, car.belt + 0.016}, 0.018, 0.013, shaded(paint, 0.75));
}

}  // namespace

void draw_car(cv::Mat& canvas, const VehiclePlace& place, Random& random) {
  Brush brush = brush_at(canvas, place);
  const CarLines car = random_car(random);
  const Color paint = random_paint(random);
  brush.fill(rounded(car_outline(car)), shaded(paint, 1.18), shaded(paint, 0.62));
  if (random.uniform() < 0.2) {  // a roof in another colour
    brush.line({car.roof_back + 0.04, car.roof - 0.006}, {car.roof_front - 0.02, car.roof - 0.006}, {30, 30, 32},
               0.018);
  }
  draw_car_windows(brush, car, paint, random);
  draw_car_details(brush, car, paint, random);
  const double back = random.uniform(0.17, 0.21), front = random.uniform(0.79, 0.83);
  const Color rim = blended({120, 122, 126}, {212, 214, 218}, random.uniform());
  for (double x : {back, front}) {
    brush.circle({x, car.wheel + 0.004}, car.wheel * 1.18, {26, 26, 28});
    draw_wheel(brush, x, car.wheel, rim);
  }
}

}  // namespace cvtool
