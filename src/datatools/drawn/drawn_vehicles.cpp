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

struct TruckLines {
  double cab_back, cab_top, floor, wheel;
  bool bonnet;  // the engine before the cab
  double box_top, box_front;
};

// Body kinds. Each fills x from 0 to box_front over the floor.
void draw_box(Brush& brush, const TruckLines& truck, Random& random) {
  const Color side = random.uniform() < 0.4 ? Color{228, 228, 224} : random_paint(random);
  const double front = truck.box_front, top = truck.box_top;
  brush.fill(rectangle(0, truck.floor, front, top), shaded(side, 1.1), shaded(side, 0.8));
  const int ribs = static_cast<int>(random.below(9));
  for (int i = 1; i < ribs; ++i) {
    brush.line({front * i / ribs, truck.floor}, {front * i / ribs, top}, shaded(side, 0.82), kHair);
  }
  brush.line({0, top - 0.005}, {front, top - 0.005}, shaded(side, 0.6), 0.01);
  brush.line({0, truck.floor + 0.008}, {front, truck.floor + 0.008}, shaded(side, 0.5), 0.014);
  if (random.uniform() < 0.6) {  // a stripe or a sign
    const Color sign = random_paint(random);
    const double low = truck.floor + (top - truck.floor) * random.uniform(0.15, 0.55);
    const double x0 = front * random.uniform(0, 0.35), x1 = front * random.uniform(0.6, 1);
    brush.fill(rectangle(x0, low, x1, low + (top - truck.floor) * random.uniform(0.1, 0.35)), sign);
  }
}

void draw_tank(Brush& brush, const TruckLines& truck, Random& random) {
  const Color metal = random.uniform() < 0.5 ? Color{200, 204, 208} : random_paint(random);
  const double front = truck.box_front, top = truck.floor + (truck.box_top - truck.floor) * 0.85;
  const double round = 0.06;
  brush.fill(rounded({{0, truck.floor + round},
                      {0, top - round},
                      {round, top},
                      {front - round, top},
                      {front, top - round},
                      {front, truck.floor + round},
                      {front - round, truck.floor + 0.01},
                      {round, truck.floor + 0.01}}),
             shaded(metal, 1.25), shaded(metal, 0.5));
  for (double at : {0.2, 0.5, 0.8})
    brush.line({front * at, truck.floor + 0.015}, {front * at, top - 0.003}, shaded(metal, 0.6), 0.006);
  for (double at : {0.35, 0.65})
    brush.fill(rectangle(front * at - 0.02, top - 0.004, front * at + 0.02, top + 0.016), shaded(metal, 0.7));
}

void draw_dump(Brush& brush, const TruckLines& truck, Random& random) {
  const Color side = random_paint(random);
  const double front = truck.box_front, top = truck.floor + (truck.box_top - truck.floor) * random.uniform(0.55, 0.75);
  if (random.uniform() < 0.7) {  // heaped with sand, earth or coal
    const Color load = blended({62, 54, 50}, {205, 178, 128}, random.uniform());
    brush.fill(rounded({{0.02, top - 0.02},
                        {front * 0.3, top + random.uniform(0.03, 0.08)},
                        {front * 0.65, top + random.uniform(0.03, 0.09)},
                        {front - 0.01, top - 0.02}}),
               shaded(load, 1.15), shaded(load, 0.8));
  }
  brush.fill({{-0.005, top}, {0.03, truck.floor}, {front - 0.01, truck.floor}, {front, top}}, shaded(side, 1.1),
             shaded(side, 0.65));
  for (int i = 1; i < 6; ++i) brush.line({front * i / 6, truck.floor}, {front * i / 6, top}, shaded(side, 0.65), 0.01);
  brush.fill({{front - 0.01, top}, {front + 0.1, top + 0.012}, {front + 0.1, top - 0.006}, {front - 0.01, top - 0.02}},
             shaded(side, 0.8));
}

void draw_flatbed(Brush& brush, const TruckLines& truck, Random& random) {
  const double front = truck.box_front, room = truck.box_top - truck.floor;
  brush.fill(rectangle(0, truck.floor - 0.005, front, truck.floor + 0.025), {95, 78, 60});
  brush.fill(rectangle(front - 0.012, truck.floor, front, truck.floor + room * 0.75), {70, 72, 76});
  if (random.uniform() < 0.5) {  // logs
    const double radius = room * 0.14;
    for (int row = 0; row < 3; ++row) {
      const double y = truck.floor + 0.025 + radius * (1 + 1.8 * row), x0 = 0.02 + 0.02 * row;
      const Color bark = shaded({128, 92, 60}, random.uniform(0.75, 1.15));
      brush.fill(rectangle(x0, y - radius, front - 0.03 - 0.02 * row, y + radius), shaded(bark, 1.2),
                 shaded(bark, 0.6));
      brush.ellipse({x0, y}, radius * 0.5, radius, {205, 170, 120});
    }
    for (double at : {0.15, 0.5, 0.85})
      brush.line({front * at, truck.floor}, {front * at, truck.floor + room * 0.7}, {50, 50, 54}, 0.01);
    return;
  }
  double x = 0.01;  // crates
  while (x < front - 0.1) {
    const double wide = random.uniform(0.08, 0.2), high = room * random.uniform(0.3, 0.85);
    const Color crate = random_paint(random);
    const double end = std::min(x + wide, front - 0.02);
    brush.fill(rectangle(x, truck.floor + 0.025, end, truck.floor + 0.025 + high), shaded(crate, 1.1),
               shaded(crate, 0.75));
    brush.line({(x + end) / 2, truck.floor + 0.025}, {(x + end) / 2, truck.floor + 0.025 + high}, shaded(crate, 0.6),
               kHair);
    x = end + random.uniform(0.005, 0.03);
  }
}

void draw_cab(Brush& brush, const TruckLines& truck, const Color& paint, Random& random) {
  const double back = truck.cab_back, top = truck.cab_top, low = 0.07;
  const double nose = truck.bonnet ? 0.9 : 0.985, hood = low + (top - low) * 0.5;
  Shape outline = {{back, low},         {back, top - 0.01},         {back + 0.015, top},
                   {nose - 0.045, top}, {nose - 0.012, top - 0.03}, {nose, hood}};
  if (truck.bonnet) {
    outline.insert(outline.end(), {{0.975, hood - 0.015}, {1.0, hood - 0.05}, {1.0, low}});
  } else {
    outline.insert(outline.end(), {{0.995, hood - 0.03}, {1.0, low}});
  }
  brush.fill(outline, shaded(paint, 1.15), shaded(paint, 0.65));
  const double belt = low + (top - low) * 0.56, window_top = top - (top - low) * 0.12;
  const double window_back = back + (nose - back) * random.uniform(0.3, 0.45);
  const Color glass = blended({48, 62, 74}, {95, 120, 135}, random.uniform());
  draw_glass(brush, {{window_back, belt}, {window_back, window_top}, {nose - 0.045, window_top}, {nose - 0.018, belt}},
             glass);
  brush.line({nose - 0.05, belt}, {nose - 0.06, window_top}, shaded(paint, 0.7), 0.009);
  const Color seam = shaded(paint, 0.5);
  brush.line({window_back - 0.008, low + 0.05}, {window_back - 0.008, window_top}, seam, kHair);
  brush.line({nose - 0.04, low + 0.08}, {nose - 0.04, belt}, seam, kHair);
  brush.line({window_back + 0.008, belt - 0.025}, {window_back + 0.035, belt - 0.025}, seam, 0.008);
  brush.fill(rectangle(nose + 0.004, belt + 0.005, nose + 0.018, belt + 0.07), {30, 30, 32});  // mirror
  brush.fill(rectangle(0.945, low + 0.035, 0.998, low + 0.065),
             random.uniform() < 0.3 ? Color{255, 246, 205} : Color{205, 212, 216});
  brush.fill(rectangle(0.93, 0.045, 1.004, low + 0.022), {60, 62, 65});  // bumper
  if (random.uniform() < 0.4) {
    brush.fill({{back, top}, {back, top + 0.055}, {back + 0.02, top + 0.055}, {nose - 0.06, top}},
               shaded(paint, 1.05));  // wind deflector
  }
}

TruckLines random_truck(Random& random) {
  TruckLines truck{};
  truck.bonnet = random.uniform() < 0.25;
  truck.cab_back = random.uniform(truck.bonnet ? 0.66 : 0.73, truck.bonnet ? 0.72 : 0.81);
  truck.cab_top = random.uniform(0.37, 0.46);
  truck.floor = random.uniform(0.13, 0.165);
  truck.wheel = random.uniform(0.052, 0.068);
  truck.box_front = truck.cab_back - random.uniform(0.012, 0.05);
  truck.box_top = truck.cab_top + random.uniform(-0.03, 0.13);
  return truck;
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

void draw_truck(cv::Mat& canvas, const VehiclePlace& place, Random& random) {
  Brush brush = brush_at(canvas, place);
  const TruckLines truck = random_truck(random);
  const Color paint = random_paint(random);
  brush.fill(rectangle(0.02, truck.floor - 0.045, 0.95, truck.floor), {42, 42, 45});  // chassis
  if (random.uniform() < 0.5) {                                                       // exhaust pipe behind the cab
    brush.line({truck.cab_back - 0.006, truck.floor}, {truck.cab_back - 0.006, truck.cab_top + 0.05}, {150, 152, 156},
               0.012);
  }
  const double body = random.uniform();
  if (body < 0.45)
    draw_box(brush, truck, random);
  else if (body < 0.62)
    draw_tank(brush, truck, random);
  else if (body < 0.81)
    draw_dump(brush, truck, random);
  else
    draw_flatbed(brush, truck, random);
  draw_cab(brush, truck, paint, random);
  brush.fill(rectangle(0.4, 0.075, 0.55, truck.floor - 0.03), {70, 72, 75});  // fuel tank
  brush.fill(rectangle(0.0, truck.floor - 0.04, 0.014, truck.floor - 0.01), {185, 25, 25});

  const Color rim = blended({110, 112, 116}, {205, 207, 210}, random.uniform());
  const double step = truck.wheel * 2.15, back = random.uniform(0.1, 0.16);
  const int axles = 1 + static_cast<int>(random.below(3));
  for (int i = 0; i < axles; ++i) draw_wheel(brush, back + step * i, truck.wheel, rim);
  const double front = random.uniform(0.86, 0.89);
  brush.circle({front, truck.wheel + 0.003}, truck.wheel * 1.2, {26, 26, 28});
  draw_wheel(brush, front, truck.wheel, rim);
  if (axles == 3 || random.uniform() < 0.3) draw_wheel(brush, truck.cab_back - 0.02, truck.wheel, rim);
}

}  // namespace cvtool
