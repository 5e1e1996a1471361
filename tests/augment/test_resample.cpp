#include "augment/resample.h"

#include <doctest/doctest.h>

#include <cmath>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

const at::Tensor kLine = grey_picture({{10, 20, 30, 40}});
const at::Tensor kSquare = grey_picture({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});

Affine to_the_right(double pixels) { return {1, 0, -pixels, 0, 1, 0}; }

at::Tensor read(const at::Tensor& picture, const Affine& map, const std::string& fill = "reflect", double value = 0) {
  Sampling sampling;
  sampling.fill = fill;
  sampling.fill_value = value;
  return resample(picture, {map}, {picture.size(2), picture.size(3)}, sampling);
}

// A picture with detail, on a grid `scale` times finer.
at::Tensor pattern(int64_t size, double scale) {
  auto out = at::empty({1, 3, size, size}, at::kFloat);
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x) {
        const double u = (static_cast<double>(x) + 0.5) / scale, v = (static_cast<double>(y) + 0.5) / scale;
        const double wave = std::sin(0.9 * u + 0.3 * v + static_cast<double>(c)) + std::cos(0.5 * u - 0.8 * v);
        out[0][c][y][x] = 127.5 + 60 * wave;
      }
  return out;
}

}  // namespace

TEST_CASE("A shift by whole pixels shows the border rule of every fill") {
  CHECK(close(read(kLine, to_the_right(2)), grey_picture({{20, 10, 10, 20}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(2), "nearest"), grey_picture({{10, 10, 10, 20}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(2), "wrap"), grey_picture({{30, 40, 10, 20}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(2), "constant", 7), grey_picture({{7, 7, 10, 20}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(-2)), grey_picture({{30, 40, 40, 30}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(-2), "wrap"), grey_picture({{30, 40, 10, 20}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(6)), grey_picture({{30, 40, 40, 30}}), 1e-4));
}

TEST_CASE("A shift by half a pixel interpolates, and clamps the coordinate at the border first") {
  CHECK(close(read(kLine, to_the_right(0.5)), grey_picture({{10, 15, 25, 35}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(0.5), "wrap"), grey_picture({{40, 15, 25, 35}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(0.5), "constant", 0), grey_picture({{5, 15, 25, 35}}), 1e-4));
  CHECK(close(read(kLine, to_the_right(0.5), "constant", 50), grey_picture({{30, 15, 25, 35}}), 1e-4));
}

TEST_CASE("A positive rotation turns counter-clockwise") {
  CHECK(close(read(kSquare, rotation(0.25, {3, 3})), grey_picture({{3, 6, 9}, {2, 5, 8}, {1, 4, 7}}), 1e-4));
  CHECK(close(read(kSquare, rotation(0.5, {3, 3})), grey_picture({{9, 8, 7}, {6, 5, 4}, {3, 2, 1}}), 1e-4));
}

TEST_CASE("A rotation by an eighth reads the corners from beyond the border, reflected") {
  // Output (0,0) reads the place (1, 1 - sqrt 2): y is -0.414, clamped to 0 between the two equal pixels.
  const auto out = read(kSquare, rotation(0.125, {3, 3}));
  CHECK(out[0][0][0][0].item<float>() == doctest::Approx(2));
  CHECK(out[0][0][1][1].item<float>() == doctest::Approx(5));
  CHECK(out[0][0][0][1].item<float>() == doctest::Approx(5 + 0.70710678 - 3 * 0.70710678));
}

TEST_CASE("A zoom factor above 1 shows more of the picture") {
  CHECK(close(read(kLine, {2, 0, -1.5, 0, 1, 0}), grey_picture({{15, 15, 35, 35}}), 1e-4));
  CHECK(close(read(kLine, {0.5, 0, 0.75, 0, 1, 0}), grey_picture({{17.5, 22.5, 27.5, 32.5}}), 1e-4));
}

TEST_CASE("The drawn zoom and translation are the hand-worked maps") {
  Random random(1, "test"), again = random;
  const Affine zoom = draw_affine(RandomZoom{0.5, -1, {}}, random, {1, 4});
  const double z = again.uniform(0.5, 1.5);
  CHECK(zoom.xx == z);
  CHECK(zoom.x0 == doctest::Approx(1.5 * (1 - z)));
  const Affine shift = draw_affine(RandomTranslation{0, 0.5, {}}, random, {1, 4});
  again.uniform();
  const double right = again.uniform(-0.5, 0.5);
  CHECK(shift.x0 == doctest::Approx(-4 * right));  // positive: the picture moves to the right
}

TEST_CASE("A shear moves pixels sideways in proportion to their height above the centre") {
  CHECK(close(read(kSquare, {1, 1, -1, 0, 1, 0}), grey_picture({{1, 1, 2}, {4, 5, 6}, {8, 9, 9}}), 1e-4));
  CHECK(close(read(kSquare, {1, 0, 0, 1, 1, -1}), grey_picture({{1, 2, 6}, {1, 5, 9}, {4, 8, 9}}), 1e-4));
}

TEST_CASE("Nearest interpolation invents no values") {
  Sampling nearest;
  nearest.interpolation = "nearest";
  const auto out = resample(kLine, {to_the_right(0.4)}, {1, 4}, nearest);
  CHECK(close(out, kLine, 0));
}

TEST_CASE("Moves keep type and bytes, in a batch with resampled rows too") {
  const auto pictures = random_pictures(3, 6, 8);
  const Affine mirrored{-1, 0, 7, 0, 1, 0};
  const auto flipped = resample(pictures, {mirrored, Affine{}, mirrored}, {6, 8}, {});
  CHECK((flipped.scalar_type() == at::kByte));
  CHECK(at::equal(flipped[0], pictures[0].flip({2})));
  CHECK(at::equal(flipped[1], pictures[1]));
  const auto mixed = resample(pictures, {mirrored, rotation(0.1, {6, 8}), Affine{}}, {6, 8}, {});
  CHECK((mixed.scalar_type() == at::kFloat));
  CHECK(at::equal(mixed[0], pictures[0].flip({2}).to(at::kFloat)));
  CHECK(at::equal(mixed.narrow(0, 1, 1), resample(pictures.narrow(0, 1, 1), {rotation(0.1, {6, 8})}, {6, 8}, {})));
}

TEST_CASE("One resampling by the product of the matrices is nearer the truth than four in a row") {
  constexpr int64_t kSize = 48;
  const ImageSize size{kSize, kSize};
  const double half = (kSize - 1) / 2.0;
  const std::vector<Affine> steps{rotation(0.07, size),
                                  {0.9, 0, half * 0.1, 0, 0.9, half * 0.1},
                                  {1, 0, 1.3, 0, 1, -2.4},
                                  {1, 0.15, -0.15 * half, 0.05, 1, -0.05 * half}};
  Affine product;
  const auto fine = pattern(4 * kSize, 4);
  const auto picture = at::avg_pool2d(fine, {4, 4});
  auto in_a_row = picture;
  for (const auto& step : steps) {
    product = compose(product, step);
    in_a_row = read(in_a_row, step);
  }
  const Affine finer{4, 0, 1.5, 0, 4, 1.5}, coarser{0.25, 0, -0.375, 0, 0.25, -0.375};
  const auto truth = at::avg_pool2d(read(fine, compose(compose(finer, product), coarser)), {4, 4});
  const auto error = [&](const at::Tensor& x) {
    return (x - truth).narrow(2, 12, 24).narrow(3, 12, 24).square().mean().sqrt().item<double>();
  };
  const double at_once = error(read(picture, product)), one_by_one = error(in_a_row);
  MESSAGE("error at once " << at_once << ", one by one " << one_by_one);
  CHECK(at_once < 0.5 * one_by_one);
}

TEST_CASE("Resampling agrees with a plain loop in double precision") {
  const auto picture = random_pictures(1, 7, 9).to(at::kFloat);
  const Affine map = compose(rotation(0.3, {7, 9}), {1.7, 0.2, -3.3, 0.1, 0.8, 4.1});
  const auto out = read(picture, map);
  const auto reflected = [](double p, double n) {
    p = std::fmod(std::fmod(p + 0.5, 2 * n) + 2 * n, 2 * n);
    p = (p < n ? p : 2 * n - p) - 0.5;
    return std::min(std::max(p, 0.0), n - 1);
  };
  for (int64_t y = 0; y < 7; ++y)
    for (int64_t x = 0; x < 9; ++x) {
      const double u = reflected(map.xx * double(x) + map.xy * double(y) + map.x0, 9);
      const double v = reflected(map.yx * double(x) + map.yy * double(y) + map.y0, 7);
      const auto at = [&](double row, double column) {
        return picture[0][1][std::min<int64_t>(6, int64_t(row))][std::min<int64_t>(8, int64_t(column))].item<double>();
      };
      const double a = u - std::floor(u), b = v - std::floor(v), i = std::floor(v), j = std::floor(u);
      const double expected =
          (1 - b) * ((1 - a) * at(i, j) + a * at(i, j + 1)) + b * ((1 - a) * at(i + 1, j) + a * at(i + 1, j + 1));
      CHECK(out[0][1][y][x].item<double>() == doctest::Approx(expected).epsilon(1e-3));
    }
}
