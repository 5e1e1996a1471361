#include "augment/colour.h"

#include <doctest/doctest.h>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

at::Tensor coloured(const at::Tensor& picture, void (ColourMap::*step)(double), double value) {
  ColourMap map;
  (map.*step)(value);
  return apply_colour(picture, {map});
}

at::Tensor one_pixel(float r, float g, float b) { return at::tensor(std::vector<float>{r, g, b}).view({1, 3, 1, 1}); }

const at::Tensor kLine = grey_picture({{10, 20, 30, 40}});

template <class Params, class Measure>
Spread spread(const Params& params, const Measure& measure) {
  Spread out;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    ColourMap map;
    draw_colour(params, random, map);
    out.add(measure(map));
  }
  return out;
}

}  // namespace

TEST_CASE("Contrast stretches each channel about its own mean and clips") {
  CHECK(close(coloured(kLine, &ColourMap::contrast, 0.5), grey_picture({{17.5, 22.5, 27.5, 32.5}}), 1e-5));
  CHECK(close(coloured(kLine, &ColourMap::contrast, 2), grey_picture({{0, 15, 35, 55}}), 1e-5));
  const auto two = at::cat({one_pixel(10, 100, 200), one_pixel(30, 120, 250)}, 3);  // means 20, 110, 225
  const auto out = coloured(two, &ColourMap::contrast, 0.5);
  CHECK(close(out, at::cat({one_pixel(15, 105, 212.5), one_pixel(25, 115, 237.5)}, 3), 1e-5));
}

TEST_CASE("Brightness adds and clips") {
  CHECK(close(coloured(kLine, &ColourMap::brightness, -15), grey_picture({{0, 5, 15, 25}}), 0));
  CHECK(close(coloured(kLine, &ColourMap::brightness, 220), grey_picture({{230, 240, 250, 255}}), 0));
}

TEST_CASE("Saturation goes between grey and the colour") {
  const auto pixel = one_pixel(100, 50, 200);
  const double grey = 0.299 * 100 + 0.587 * 50 + 0.114 * 200;
  const auto g = static_cast<float>(grey);
  CHECK(close(coloured(pixel, &ColourMap::saturation, 0), one_pixel(g, g, g), 1e-4));
  CHECK(
      close(coloured(pixel, &ColourMap::saturation, 0.5), one_pixel((100 + g) / 2, (50 + g) / 2, (200 + g) / 2), 1e-4));
}

TEST_CASE("A run of colour steps in one pass equals the steps one by one where nothing clips") {
  const auto picture = random_pictures(2, 5, 4).to(at::kFloat).contiguous() * 0.3 + 90;
  ColourMap run;
  auto one_by_one = picture;
  const auto step = [&](void (ColourMap::*member)(double), double value) {
    (run.*member)(value);
    ColourMap alone;
    (alone.*member)(value);
    one_by_one = apply_colour(one_by_one, {alone, alone});
  };
  step(&ColourMap::contrast, 1.2);
  step(&ColourMap::saturation, 0.6);
  step(&ColourMap::brightness, 12);
  step(&ColourMap::contrast, 0.7);
  step(&ColourMap::contrast_about_grey, 1.3);
  step(&ColourMap::multiply, 0.9);
  step(&ColourMap::saturation, 1.4);
  CHECK(close(apply_colour(picture, {run, run}), one_by_one, 1e-3));
}

TEST_CASE("Colour draws are even over their ranges") {
  const auto contrast = spread(RandomContrast{0.5}, [](const ColourMap& m) { return m.own; });
  CHECK(contrast.low >= 0.5);
  CHECK(contrast.low < 0.51);
  CHECK(contrast.high < 1.5);
  CHECK(contrast.high > 1.49);
  CHECK(contrast.mean() == doctest::Approx(1).epsilon(0.01));
  const auto brightness = spread(RandomBrightness{0.2}, [](const ColourMap& m) { return m.constant / 255; });
  CHECK(brightness.low >= -0.2);
  CHECK(brightness.high <= 0.2);
  CHECK(brightness.mean() == doctest::Approx(0).scale(1).epsilon(0.005));
  CHECK(brightness.variance() == doctest::Approx(0.16 / 12).epsilon(0.05));
  const auto saturation = spread(RandomSaturation{0.3}, [](const ColourMap& m) { return m.own; });
  CHECK(saturation.low >= 0.7);
  CHECK(saturation.high <= 1.3);
  CHECK(saturation.mean() == doctest::Approx(1).epsilon(0.01));
  CHECK(spread(RandomGrayscale{0.1}, [](const ColourMap& m) { return m.grey; }).mean() ==
        doctest::Approx(0.1).epsilon(0.1));
}

TEST_CASE("A third of a turn of the hue sends red to green, green to blue, blue to red") {
  const auto turned = [](const at::Tensor& pixel, double turns) { return shift_hue(pixel, {turns}); };
  CHECK(close(turned(one_pixel(200, 50, 50), 1.0 / 3), one_pixel(50, 200, 50), 1e-3));
  CHECK(close(turned(one_pixel(50, 200, 50), 1.0 / 3), one_pixel(50, 50, 200), 1e-3));
  CHECK(close(turned(one_pixel(50, 50, 200), 1.0 / 3), one_pixel(200, 50, 50), 1e-3));
  CHECK(close(turned(one_pixel(200, 50, 50), 1.0 / 6), one_pixel(200, 200, 50), 1e-3));
  CHECK(close(turned(one_pixel(200, 50, 50), -1.0 / 6), one_pixel(200, 50, 200), 1e-3));
  CHECK(close(turned(one_pixel(200, 100, 50), 0.5), one_pixel(50, 150, 200), 1e-3));
  CHECK(close(turned(one_pixel(90, 90, 90), 0.4), one_pixel(90, 90, 90), 1e-3));
}

TEST_CASE("Rows whose hue does not turn keep their bytes beside rows that do") {
  const auto pictures = random_pictures(2, 4, 4).to(at::kFloat).contiguous();
  const auto out = shift_hue(pictures, {0, 0.2});
  CHECK(at::equal(out[0], pictures[0]));
  CHECK(!at::equal(out[1], pictures[1]));
}
