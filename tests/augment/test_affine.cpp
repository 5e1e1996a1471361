#include "augment/affine.h"

#include <doctest/doctest.h>

#include <cmath>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

constexpr ImageSize kSize{100, 200};

// Draws of `params` for many samples, measured by `measure(map)`.
template <class Params, class Measure>
Spread spread(const Params& params, const Measure& measure) {
  Spread out;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    out.add(measure(draw_affine(params, random, kSize)));
  }
  return out;
}

void check_uniform(const Spread& s, double low, double high) {
  const double width = high - low;
  CHECK(s.low >= low);
  CHECK(s.high <= high);
  CHECK(s.low < low + 0.01 * width);
  CHECK(s.high > high - 0.01 * width);
  CHECK(std::abs(s.mean() - (low + high) / 2) < 0.015 * width);
  CHECK(s.variance() == doctest::Approx(width * width / 12).epsilon(0.05));
}

}  // namespace

TEST_CASE("Flips mirror each axis of the mode in half of the draws, independently") {
  int64_t x = 0, y = 0, both = 0;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    const Affine map = draw_affine(RandomFlip{"horizontal_and_vertical"}, random, kSize);
    x += map.xx < 0, y += map.yy < 0, both += map.xx < 0 && map.yy < 0;
  }
  CHECK(x == doctest::Approx(5000).epsilon(0.03));
  CHECK(y == doctest::Approx(5000).epsilon(0.03));
  CHECK(both == doctest::Approx(2500).epsilon(0.05));
  CHECK(spread(RandomFlip{"horizontal"}, [](const Affine& m) { return m.yy; }).low == 1);
  CHECK(spread(RandomFlip{"vertical"}, [](const Affine& m) { return m.xx; }).low == 1);
}

TEST_CASE("Rotation draws angles evenly in [-f, f] turns") {
  const auto turns = [](const Affine& m) { return std::atan2(m.yx, m.xx) / 6.283185307179586; };
  check_uniform(spread(RandomRotation{0.2, {}}, turns), -0.2, 0.2);
}

TEST_CASE("Zoom draws factors evenly in [1-f, 1+f], one for both axes unless told otherwise") {
  check_uniform(spread(RandomZoom{0.3, -1, {}}, [](const Affine& m) { return m.yy; }), 0.7, 1.3);
  CHECK(spread(RandomZoom{0.3, -1, {}}, [](const Affine& m) { return m.xx - m.yy; }).high == 0);
  check_uniform(spread(RandomZoom{0.3, 0.1, {}}, [](const Affine& m) { return m.xx; }), 0.9, 1.1);
}

TEST_CASE("Translation draws fractions of height and width") {
  check_uniform(spread(RandomTranslation{0.1, 0.4, {}}, [](const Affine& m) { return -m.y0; }), -10, 10);
  check_uniform(spread(RandomTranslation{0.1, 0.4, {}}, [](const Affine& m) { return -m.x0; }), -80, 80);
}

TEST_CASE("Shear draws both slopes") {
  check_uniform(spread(RandomShear{0.3, 0.1, {}}, [](const Affine& m) { return m.xy; }), -0.3, 0.3);
  check_uniform(spread(RandomShear{0.3, 0.1, {}}, [](const Affine& m) { return m.yx; }), -0.1, 0.1);
}

TEST_CASE("Crops take every place evenly, and the middle outside of training") {
  const RandomCrop crop{{98, 190}, {}};
  const auto top = spread(crop, [](const Affine& m) { return m.y0; });
  CHECK(top.low == 0);
  CHECK(top.high == 2);
  CHECK(top.mean() == doctest::Approx(1).epsilon(0.03));
  const auto left = spread(crop, [](const Affine& m) { return m.x0; });
  CHECK(left.low == 0);
  CHECK(left.high == 10);
  CHECK(left.mean() == doctest::Approx(5).epsilon(0.03));
  CHECK(centre_crop(crop, kSize).x0 == 5);
  CHECK(centre_crop(crop, kSize).y0 == 1);
}

TEST_CASE("A crop larger than the picture enlarges the largest centred box of its aspect") {
  const Affine map = centre_crop(RandomCrop{{200, 200}, {}}, kSize);  // the box is 100x100 at x = 50
  CHECK(map.xx == 0.5);
  CHECK(map.x0 == 50 - 0.25);
  CHECK(map.y0 == -0.25);
}

TEST_CASE("Resized crops keep to their areas and aspects and stay inside") {
  const RandomResizedCrop crop;
  Spread area, ratio;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    const Affine m = draw_affine(crop, random, kSize);
    area.add(m.xx * m.yy);
    ratio.add(m.xx * 200 / (m.yy * 100));
    CHECK(m.x0 - m.xx / 2 + 0.5 >= -1e-9);
    CHECK(m.x0 - m.xx / 2 + 0.5 + m.xx * 200 <= 200 + 1e-9);
  }
  CHECK(area.low > 0.075);
  CHECK(area.high <= 1);
  CHECK(area.mean() > 0.3);  // large boxes of a square aspect do not fit 100x200 and are drawn again
  CHECK(ratio.low > 0.70);
  CHECK(ratio.high < 1.42);
}

TEST_CASE("The parts of a map that only move pixels are recognised") {
  CHECK(as_move({}, kSize, kSize) == Move{});
  CHECK(as_move({-1, 0, 199, 0, 1, 0}, kSize, kSize) == Move{0, 0, true, false});
  CHECK(as_move({1, 0, 7, 0, -1, 12}, kSize, {10, 50}) == Move{7, 3, false, true});
  CHECK(!as_move({1, 0, 0.5, 0, 1, 0}, kSize, kSize));
  CHECK(!as_move({1, 0, 1, 0, 1, 0}, kSize, kSize));
  CHECK(!as_move(rotation(0.25, kSize), kSize, kSize));
}

TEST_CASE("Composition reads through the second map, then through the first") {
  const Affine a{1, 2, 3, 4, 5, 6}, b{7, 8, 9, 10, 11, 12};
  const Affine ab = compose(a, b);
  const double bx = 7 * 0.5 + 8 * 0.25 + 9, by = 10 * 0.5 + 11 * 0.25 + 12;
  CHECK(ab.xx * 0.5 + ab.xy * 0.25 + ab.x0 == bx + 2 * by + 3);
  CHECK(ab.yx * 0.5 + ab.yy * 0.25 + ab.y0 == 4 * bx + 5 * by + 6);
}
