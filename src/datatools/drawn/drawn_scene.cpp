#include "datatools/drawn/drawn_scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace cvtool {
namespace {

// Sizes below are for a scene whose long side is 384 units, however many pixels the canvas has.
double unit_px(const cv::Mat& canvas) { return std::max(canvas.cols, canvas.rows) / 384.0; }

Brush scene_brush(cv::Mat& canvas) {
  const double unit = unit_px(canvas);
  return {canvas, {unit, 0, 0, 0, unit, 0}};
}

Color varied(const Color& color, double by, Random& random) {
  Color result;
  for (int i = 0; i < 3; ++i) result[i] = std::clamp(color[i] + random.uniform(-by, by), 0.0, 255.0);
  return result;
}

// A fifth of the pictures each: blue day, overcast, evening, haze, night.
void draw_sky(cv::Mat& canvas, Random& random) {
  static const std::array<std::array<Color, 2>, 5> kSkies{{{Color{85, 140, 215}, Color{190, 218, 240}},
                                                           {Color{165, 172, 180}, Color{215, 218, 220}},
                                                           {Color{95, 95, 150}, Color{245, 180, 120}},
                                                           {Color{200, 205, 205}, Color{232, 230, 222}},
                                                           {Color{22, 28, 52}, Color{70, 74, 98}}}};
  const auto& sky = kSkies[static_cast<size_t>(random.below(kSkies.size()))];
  const double width = canvas.cols / unit_px(canvas), height = canvas.rows / unit_px(canvas);
  Brush brush = scene_brush(canvas);
  const Color top = varied(sky[0], 20, random), bottom = varied(sky[1], 20, random);
  brush.fill(rectangle(-2, -2, width + 2, height + 2), top, bottom);
  const int64_t clouds = random.below(5);
  for (int64_t i = 0; i < clouds; ++i) {
    const double x = random.uniform(0, width), y = random.uniform(0, height * 0.35),
                 size = random.uniform(0.05, 0.16) * width;
    for (int puff = 0; puff < 4; ++puff) {
      const double dx = random.uniform(-1, 1) * size, r = size * random.uniform(0.3, 0.6);
      brush.circle({x + dx, y + r * 0.2}, r, blended(bottom, {255, 255, 255}, 0.5), 0.35);
    }
  }
  cv::GaussianBlur(canvas, canvas, {}, canvas.cols * 0.008);
}

void draw_building(Brush& brush, const cv::Rect2d& box, Random& random) {
  static const std::array<Color, 6> kWalls{Color{170, 95, 75},   Color{190, 180, 160}, Color{130, 135, 142},
                                           Color{215, 205, 190}, Color{105, 90, 85},   Color{160, 170, 175}};
  const Color wall = varied(kWalls[static_cast<size_t>(random.below(kWalls.size()))], 18, random);
  brush.fill(rectangle(box.x, box.y, box.x + box.width, box.y + box.height), shaded(wall, 1.05), shaded(wall, 0.85));
  const double step_x = random.uniform(0.045, 0.09) * 384, step_y = random.uniform(0.06, 0.1) * 384;
  const bool lit = random.uniform() < 0.25;
  const Color glass = lit ? Color{235, 215, 140} : varied({80, 95, 110}, 25, random);
  for (double y = box.y + step_y * 0.4; y + step_y * 0.6 < box.y + box.height; y += step_y) {
    for (double x = box.x + step_x * 0.3; x + step_x * 0.55 < box.x + box.width; x += step_x) {
      brush.fill(rectangle(x, y, x + step_x * 0.5, y + step_y * 0.55), shaded(glass, random.uniform(0.75, 1.15)));
    }
  }
}

void draw_buildings(Brush& brush, double width, double horizon, Random& random) {
  double x = -random.uniform(0, 0.1) * width;
  while (x < width) {
    const double wide = random.uniform(0.15, 0.4) * width, high = random.uniform(0.35, 1.1) * horizon;
    draw_building(brush, {x, horizon - high, wide, high + 4}, random);
    x += wide + (random.uniform() < 0.3 ? random.uniform(0, 0.1) * width : 0);
  }
}

void draw_hills(Brush& brush, double width, double horizon, Random& random) {
  for (int layer = 0; layer < 3; ++layer) {
    const Color near = varied({75, 110, 60}, 25, random);
    const Color color = blended({150, 165, 180}, near, 0.25 + 0.35 * layer);
    const double middle = horizon * (0.72 + 0.1 * layer), swing = horizon * random.uniform(0.05, 0.14);
    const double phase = random.uniform(0, 6.28), waves = random.uniform(1, 3);
    Shape hill = {{width + 2, horizon + 4}, {-2, horizon + 4}};
    for (int i = 0; i <= 24; ++i) {
      const double t = i / 24.0;
      hill.emplace_back(t * (width + 4) - 2,
                        middle - swing * (std::sin(phase + 6.28 * waves * t) + 0.4 * std::sin(2 * phase + 17 * t)));
    }
    brush.fill(hill, color, shaded(color, 0.85));
  }
}

void draw_tree(Brush& brush, const cv::Point2d& foot, double high, Random& random) {
  const Color leaves = varied({60, 100, 48}, 28, random);
  brush.fill(rectangle(foot.x - high * 0.04, foot.y - high * 0.5, foot.x + high * 0.04, foot.y), {88, 66, 48});
  for (int i = 0; i < 12; ++i) {
    const double turn = random.uniform(0, 6.28), away = random.uniform(0, 0.24) * high;
    brush.circle({foot.x + away * std::cos(turn), foot.y - high * 0.68 + away * std::sin(turn)},
                 high * random.uniform(0.08, 0.17), shaded(leaves, random.uniform(0.7, 1.25)));
  }
}

void draw_trees(Brush& brush, double width, double horizon, Random& random) {
  const Color field = varied({120, 140, 75}, 25, random);
  brush.fill(rectangle(-2, horizon * 0.86, width + 2, horizon + 4), field, shaded(field, 0.85));
  for (double x = random.uniform(-0.1, 0.1) * width; x < width; x += random.uniform(0.08, 0.3) * width) {
    draw_tree(brush, {x, horizon * random.uniform(0.93, 1.0)}, horizon * random.uniform(0.4, 0.95), random);
  }
}

void draw_wall(Brush& brush, double width, double horizon, Random& random) {
  static const std::array<Color, 4> kWalls{Color{165, 90, 70}, Color{175, 172, 165}, Color{120, 125, 118},
                                           Color{205, 190, 150}};
  const Color wall = varied(kWalls[static_cast<size_t>(random.below(kWalls.size()))], 20, random);
  const double top = horizon * random.uniform(0, 0.6), row = random.uniform(9, 22);
  brush.fill(rectangle(-2, top, width + 2, horizon + 4), shaded(wall, 1.05), shaded(wall, 0.8));
  int64_t number = 0;
  for (double y = top; y < horizon; y += row, ++number) {
    brush.line({0, y}, {width, y}, shaded(wall, 0.78), 1);
    for (double x = number % 2 == 0 ? 0 : row * 1.2; x < width; x += row * 2.4)
      brush.line({x, y}, {x, y + row}, shaded(wall, 0.78), 1);
  }
}

void draw_road(cv::Mat& canvas, double horizon, double ground, Random& random) {
  static const std::array<Color, 4> kRoads{Color{98, 98, 102}, Color{128, 126, 122}, Color{70, 70, 76},
                                           Color{150, 138, 118}};
  const double width = canvas.cols / unit_px(canvas), height = canvas.rows / unit_px(canvas);
  Brush brush = scene_brush(canvas);
  const Color road = varied(kRoads[static_cast<size_t>(random.below(kRoads.size()))], 14, random);
  brush.fill(rectangle(-2, horizon, width + 2, height + 2), shaded(road, 0.9), shaded(road, 1.12));
  if (random.uniform() < 0.6) {  // verge or pavement
    const Color verge =
        random.uniform() < 0.5 ? varied({105, 130, 70}, 22, random) : varied({175, 172, 168}, 18, random);
    const double depth = (ground - horizon) * random.uniform(0.3, 0.6);
    brush.fill(rectangle(-2, horizon, width + 2, horizon + depth), verge);
    brush.line({0, horizon + depth}, {width, horizon + depth}, shaded(verge, 0.7), 3);
  }
  if (random.uniform() < 0.55) {  // lane marking before the vehicle
    const double y = ground + (height - ground) * random.uniform(0.35, 0.7), thick = random.uniform(3, 8);
    const double dash = random.uniform(0.12, 0.3) * width, gap = random.uniform() < 0.3 ? 0 : dash * 0.8;
    for (double x = random.uniform(-0.3, 0) * width; x < width; x += dash + gap) {
      brush.fill({{x + 4, y}, {x + dash + 4, y}, {x + dash, y + thick}, {x, y + thick}}, {222, 220, 208}, 0.8);
    }
  }
  const int64_t stains = random.below(5);
  for (int64_t i = 0; i < stains; ++i) {
    const double x = random.uniform(0, width), y = random.uniform(ground, height), r = random.uniform(8, 40);
    brush.fill({{x - r, y}, {x, y - r * 0.2}, {x + r, y}, {x, y + r * 0.2}}, shaded(road, random.uniform(0.6, 1.2)),
               0.4);
  }
}

void draw_bush(Brush& brush, const cv::Point2d& foot, double size, Random& random) {
  const Color leaves = varied({58, 92, 44}, 26, random);
  for (int i = 0; i < 14; ++i) {
    const double dx = random.uniform(-1, 1) * size,
                 dy = random.uniform(0, 0.9) * size * (1 - std::abs(dx) / size * 0.6);
    brush.circle({foot.x + dx, foot.y - dy}, size * random.uniform(0.15, 0.32),
                 shaded(leaves, random.uniform(0.65, 1.3)));
  }
}

void draw_pole(Brush& brush, double x, double foot, Random& random) {
  const Color metal = varied({110, 112, 114}, 40, random);
  const double half = random.uniform(3, 8);
  brush.fill(rectangle(x - half, -4, x + half, foot), metal);
  brush.fill(rectangle(x + half * 0.3, -4, x + half, foot), shaded(metal, 0.7));
  if (random.uniform() < 0.4) {  // a road sign
    const double y = random.uniform(25, 70), r = random.uniform(16, 26);
    brush.circle({x, y}, r, {200, 35, 35});
    brush.circle({x, y}, r * 0.72, {240, 240, 238});
  }
}

void add_noise(cv::Mat& canvas, double sigma, Random& random) {
  // Sums of four bytes stand in for normal draws: a picture needs 50,000 of them.
  const double scale = sigma / 147.8;  // standard deviation of the sum of four uniform bytes
  for (int y = 0; y < canvas.rows; ++y) {
    uchar* row = canvas.ptr<uchar>(y);
    for (int x = 0; x < canvas.cols * 3; ++x) {
      const uint32_t b = random.bits32();
      const double sum = double(b & 255) + double(b >> 8 & 255) + double(b >> 16 & 255) + double(b >> 24) - 510;
      row[x] = cv::saturate_cast<uchar>(row[x] + sum * scale);
    }
  }
}

void expose(cv::Mat& canvas, Random& random) {
  const double gain = random.uniform(0.75, 1.2), gamma = random.uniform(0.8, 1.25),
               haze = std::max(0.0, random.uniform(-0.5, 0.25));
  Color cast;
  for (int i = 0; i < 3; ++i) cast[i] = random.uniform(0.9, 1.1);
  const double dark_corner = random.uniform(0, 0.35), across = random.uniform(-0.2, 0.2);
  const double cx = canvas.cols / 2.0, cy = canvas.rows / 2.0;
  for (int y = 0; y < canvas.rows; ++y) {
    for (int x = 0; x < canvas.cols; ++x) {
      const double dx = (x - cx) / cx, dy = (y - cy) / cy;
      const double light = gain * (1 - dark_corner * (dx * dx + dy * dy) / 2) * (1 + across * dx);
      auto& pixel = canvas.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        const double value = 255 * std::pow(pixel[c] / 255.0, gamma) * light * cast[c];
        pixel[c] = cv::saturate_cast<uchar>(value * (1 - haze) + 215 * haze);
      }
    }
  }
}

}  // namespace

void draw_street(cv::Mat& canvas, double ground_px, Random& random) {
  draw_sky(canvas, random);
  const double width = canvas.cols / unit_px(canvas), height = canvas.rows / unit_px(canvas);
  const double ground = ground_px / unit_px(canvas), horizon = ground - random.uniform(0.03, 0.16) * height;
  Brush brush = scene_brush(canvas);
  const double kind = random.uniform();
  if (kind < 0.3) {
    draw_buildings(brush, width, horizon, random);
  } else if (kind < 0.55) {
    draw_hills(brush, width, horizon, random);
  } else if (kind < 0.8) {
    draw_trees(brush, width, horizon, random);
  } else {
    draw_wall(brush, width, horizon, random);
  }
  draw_road(canvas, horizon, ground, random);
  // Out of focus, as things behind the subject are.
  cv::GaussianBlur(canvas, canvas, {}, random.uniform(0.8, 3.0) * unit_px(canvas));
}

void draw_shadow(cv::Mat& canvas, double ground_px, double x0_px, double x1_px) {
  cv::Mat dark = cv::Mat::zeros(canvas.size(), CV_32F);
  const cv::Point centre(static_cast<int>((x0_px + x1_px) / 2), static_cast<int>(ground_px));
  const double half = (x1_px - x0_px) / 2;
  cv::ellipse(dark, centre, {static_cast<int>(half * 1.02), std::max(2, static_cast<int>(half * 0.06))}, 0, 0, 360,
              cv::Scalar(0.72), cv::FILLED);
  cv::GaussianBlur(dark, dark, {}, half * 0.025 + 0.5);
  for (int y = 0; y < canvas.rows; ++y) {
    for (int x = 0; x < canvas.cols; ++x) {
      const double keep = 1 - dark.at<float>(y, x);
      if (keep < 1) canvas.at<cv::Vec3b>(y, x) = canvas.at<cv::Vec3b>(y, x) * keep;
    }
  }
}

void draw_foreground(cv::Mat& canvas, double ground_px, Random& random) {
  const double ground = ground_px / unit_px(canvas);
  const double width = canvas.cols / unit_px(canvas), height = canvas.rows / unit_px(canvas), kind = random.uniform();
  Brush brush = scene_brush(canvas);
  const double x = random.uniform(0.05, 0.95) * width;
  if (kind < 0.13) {
    draw_pole(brush, x, std::min(height, ground + random.uniform(10, 60)), random);
  } else if (kind < 0.27) {
    const double foot = std::min(height * 0.99, ground + random.uniform(15, 70));
    draw_bush(brush, {x, foot}, random.uniform(0.07, 0.14) * width, random);
  } else if (kind < 0.35) {  // a fence along the road
    const Color wood = varied({140, 120, 95}, 30, random);
    const double top = ground - random.uniform(-15, 15);
    for (double at = random.uniform(0, 30); at < width; at += 48)
      brush.fill(rectangle(at, top, at + 7, height + 2), shaded(wood, 0.9));
    brush.fill(rectangle(-2, top + 6, width + 2, top + 13), wood);
  }
}

void take_photo(cv::Mat& canvas, Random& random) {
  expose(canvas, random);
  const double blur = random.uniform();
  if (blur < 0.35)
    cv::GaussianBlur(canvas, canvas, {}, random.uniform(0.4, 1.0));
  else if (blur < 0.45)
    cv::blur(canvas, canvas, {3 + 2 * static_cast<int>(random.below(2)), 1});  // the car moved
  add_noise(canvas, random.uniform(0.5, 8), random);
}

}  // namespace cvtool
