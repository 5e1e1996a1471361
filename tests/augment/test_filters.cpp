#include "augment/filters.h"

#include <doctest/doctest.h>

#include <cmath>

#include "augment/pictures.h"

using namespace cvtool;

TEST_CASE("A blurred point shows the Gaussian's weights") {
  auto picture = at::zeros({1, 3, 9, 9});
  picture.select(2, 4).select(2, 4).fill_(200);
  const auto out = gaussian_blur(picture, {0.8});
  double total = 0;
  for (int k = -3; k <= 3; ++k) total += std::exp(-k * k / 1.28);
  CHECK(out[0][0][4][4].item<double>() == doctest::Approx(200 / total / total));
  CHECK(out[0][0][4][6].item<double>() == doctest::Approx(200 / total / total * std::exp(-4 / 1.28)));
  CHECK(out.sum().item<double>() == doctest::Approx(600));
}

TEST_CASE("The blur reflects at the border and keeps a level picture level") {
  const auto edge = gaussian_blur(grey_picture({{100, 0, 0, 0, 0, 0, 0, 0}}), {1});
  double total = 0;
  for (int k = -3; k <= 3; ++k) total += std::exp(-k * k / 2.0);
  // The first pixel sees itself and its reflection at distance 1.
  CHECK(edge[0][0][0][0].item<double>() == doctest::Approx(100 * (1 + std::exp(-0.5)) / total));
  CHECK(close(gaussian_blur(at::full({1, 3, 2, 2}, 77.f), {5}), at::full({1, 3, 2, 2}, 77.f), 1e-3));
}

TEST_CASE("A blur of zero keeps bytes, and a row's blur does not depend on its neighbours'") {
  const auto pictures = random_pictures(3, 8, 8).to(at::kFloat).contiguous();
  const auto out = gaussian_blur(pictures, {0, 1, 3});
  CHECK(at::equal(out[0], pictures[0]));
  CHECK(at::equal(out.narrow(0, 1, 1), gaussian_blur(pictures.narrow(0, 1, 1), {1})));
}

TEST_CASE("Sharpness blends with the smoothed picture and leaves the border") {
  const auto picture = grey_picture({{0, 0, 0}, {0, 130, 0}, {0, 0, 0}});
  const auto out = adjust_sharpness(picture, {0});
  CHECK(out[0][0][1][1].item<float>() == doctest::Approx(50));
  CHECK(out[0][0][0][0].item<float>() == 0);
  CHECK(adjust_sharpness(picture, {1.5})[0][0][1][1].item<float>() == doctest::Approx(170));
}

TEST_CASE("Noise is normal") {
  Random random(3, "noise");
  const auto draws = normal_draws(random, 100001);
  CHECK(draws.numel() == 100001);
  CHECK(std::abs(draws.mean().item<double>()) < 0.01);
  CHECK(draws.std().item<double>() == doctest::Approx(1).epsilon(0.01));
  CHECK((draws.abs() > 2).to(at::kDouble).mean().item<double>() == doctest::Approx(0.0455).epsilon(0.05));
}

TEST_CASE("Erased boxes keep to probability, area and aspect, inside the picture") {
  const ImageSize in{100, 120};
  Spread area, ratio;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    const Box box = draw_box({}, random, in);
    if (box.height == 0) continue;
    CHECK((box.top >= 0 && box.left >= 0 && box.top + box.height <= 100 && box.left + box.width <= 120));
    area.add(static_cast<double>(box.height * box.width) / 12000);
    ratio.add(static_cast<double>(box.height) / static_cast<double>(box.width));
  }
  CHECK(area.count == doctest::Approx(5000).epsilon(0.03));
  CHECK(area.low > 0.017);
  CHECK(area.high < 0.34);
  CHECK(area.mean() == doctest::Approx(0.17).epsilon(0.05));
  CHECK(ratio.low > 0.27);
  CHECK(ratio.high < 3.6);
}

TEST_CASE("A box's mask covers its pixels and no others") {
  const auto mask = box_mask({{1, 2, 2, 1}, {}}, at::zeros({2, 3, 4, 4}));
  CHECK(mask.sum().item<int64_t>() == 2);
  CHECK(mask[0][0][1][2].item<bool>());
  CHECK(mask[0][0][2][2].item<bool>());
}
