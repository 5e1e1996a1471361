#include "augment/mixing.h"

#include <doctest/doctest.h>

#include <cmath>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

Spread betas(double alpha) {
  Spread out;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    out.add(draw_beta(alpha, random));
  }
  return out;
}

}  // namespace

TEST_CASE("Beta draws have the mean and variance of Beta(a, a)") {
  for (double alpha : {0.001, 0.2, 1.0, 4.0}) {
    CAPTURE(alpha);
    const Spread s = betas(alpha);
    CHECK(s.low >= 0);
    CHECK(s.high <= 1);
    CHECK(s.mean() == doctest::Approx(0.5).epsilon(0.03));
    CHECK(s.variance() == doctest::Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.05));
  }
  CHECK(betas(0).low == 1);
}

TEST_CASE("A CutMix share is the area that was not pasted") {
  const ImageSize in{60, 40};
  Spread fraction;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    const CutMixDraw draw = draw_cutmix({1}, random, in);
    const Box& b = draw.box;
    REQUIRE((b.top >= 0 && b.left >= 0 && b.top + b.height <= 60 && b.left + b.width <= 40));
    REQUIRE(draw.fraction == doctest::Approx(1 - static_cast<double>(b.height * b.width) / 2400));
    fraction.add(draw.fraction);
  }
  CHECK(fraction.mean() > 0.6);  // half would be pasted if the border cut nothing off
  CHECK(fraction.mean() < 0.8);
}

TEST_CASE("MixUp mixes pixels and labels with the next sample by one share") {
  const auto pictures = random_pictures(3, 4, 4);
  const Augmenter augmenter(parse_augment_text("mixup=1"), 9, 3);
  const auto out = augmenter.apply(rows_of(pictures, 0, 3), 2);
  CHECK(out.labels.sizes() == at::IntArrayRef({3, 3}));
  for (int64_t row = 0; row < 3; ++row) {
    Random random(9, "augment/0/mixup", 2, static_cast<uint64_t>(1000 + row));
    const double fraction = draw_beta(1, random);
    CHECK(out.labels[row][row].item<double>() == doctest::Approx(fraction));
    CHECK(out.labels[row][(row + 1) % 3].item<double>() == doctest::Approx(1 - fraction));
    CHECK(close(out.pixels[row], pictures[row] * fraction + pictures[(row + 1) % 3] * (1 - fraction), 1e-3));
  }
}

TEST_CASE("CutMix pastes a box of the next sample") {
  const auto pictures = at::stack({at::zeros({3, 10, 10}), at::full({3, 10, 10}, 200.f)}).to(at::kByte);
  const Augmenter augmenter(parse_augment_text("cutmix"), 9, 3);
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    const auto out = augmenter.apply(rows_of(pictures, 0, 2), epoch);
    const double pasted = (out.pixels[0][0] == 200).to(at::kDouble).mean().item<double>();
    CHECK(out.labels[0][1].item<double>() == doctest::Approx(pasted));
    CHECK(out.labels[0][0].item<double>() == doctest::Approx(1 - pasted));
  }
}
