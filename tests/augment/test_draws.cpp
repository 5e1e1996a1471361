// What is drawn inside a step, seen through its pictures.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

// The same picture for many samples, augmented.
at::Tensor many(const at::Tensor& picture, const char* augment, int64_t count = kDraws) {
  AugmentRows rows;
  rows.pixels = picture.expand({count, -1, -1, -1}).contiguous();
  rows.labels = at::zeros({count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) rows.ids.push_back(static_cast<uint64_t>(i));
  return Augmenter(parse_augment_text(augment), 9).apply(rows, 1).pixels;
}

at::Tensor one_pixel(float r, float g, float b) { return at::tensor(std::vector<float>{r, g, b}).view({1, 3, 1, 1}); }

double fraction(const at::Tensor& condition) { return condition.to(at::kDouble).mean().item<double>(); }

}  // namespace

TEST_CASE("Hues turn evenly in [-f, f]") {
  const auto out = many(one_pixel(255, 0, 0), "hue=0.1").view({-1, 3}).to(at::kDouble);
  // Red turned by h sixths of a turn has green 255 h, or blue -255 h.
  const auto turns = (out.select(1, 1) - out.select(1, 2)) / 255 / 6;
  CHECK(turns.min().item<double>() >= -0.1 - 1e-6);
  CHECK(turns.max().item<double>() <= 0.1 + 1e-6);
  CHECK(turns.min().item<double>() < -0.099);
  CHECK(turns.max().item<double>() > 0.099);
  CHECK(std::abs(turns.mean().item<double>()) < 0.002);
  CHECK(turns.var().item<double>() == doctest::Approx(0.04 / 12).epsilon(0.05));
}

TEST_CASE("Pictures turn grey with their probability, and others keep their colour") {
  const auto out = many(one_pixel(200, 100, 0), "grayscale=0.3").view({-1, 3});
  const auto grey = out.select(1, 0) == out.select(1, 2);
  CHECK(fraction(grey) == doctest::Approx(0.3).epsilon(0.05));
  CHECK(fraction((out.select(1, 0) == 200).logical_or(grey)) == 1);
  CHECK(out.select(1, 0).min().item<float>() == doctest::Approx(0.299 * 200 + 0.587 * 100));
}

TEST_CASE("Blurs have a standard deviation drawn evenly from [0, sigma]") {
  auto line = at::zeros({1, 3, 1, 15});
  line.select(3, 7).fill_(100);
  const auto centre = many(line, "blur=2").select(3, 7).select(1, 0).flatten();
  const auto weight = [](double sigma) {
    double total = 0;
    for (int k = -6; k <= 6; ++k)
      total += std::abs(k) <= std::ceil(3 * sigma) ? std::exp(-k * k / (2 * sigma * sigma)) : 0;
    return 100 / total;
  };
  for (double sigma : {0.5, 1.0, 1.5, 1.9})
    CHECK(fraction(centre > weight(sigma)) == doctest::Approx(sigma / 2).epsilon(0.04));
  CHECK(centre.min().item<double>() >= weight(2) - 1e-3);
}

TEST_CASE("Noise has its standard deviation in every picture, and each picture its own") {
  const auto out = many(at::full({1, 3, 4, 4}, 128.f), "noise=0.05");
  CHECK(out.mean().item<double>() == doctest::Approx(128).epsilon(0.001));
  CHECK(out.std().item<double>() == doctest::Approx(0.05 * 255).epsilon(0.01));
  CHECK(fraction(out.select(0, 0) == out.select(0, 1)) == 0);
}

TEST_CASE("MixUp shares are those of Beta, and CutMix shares follow the pasted area") {
  AugmentRows rows;
  rows.pixels = at::zeros({static_cast<int64_t>(kDraws), 3, 4, 4});
  rows.pixels.slice(0, 0, at::nullopt, 2).fill_(100);
  rows.labels = at::arange(static_cast<int64_t>(kDraws), at::kLong).remainder(2);
  for (uint64_t id = 0; id < kDraws; ++id) rows.ids.push_back(id);
  for (const char* kind : {"mixup=0.5", "cutmix=0.5"}) {
    CAPTURE(kind);
    const auto out = Augmenter(parse_augment_text(kind), 9, 2).apply(rows, 1);
    // Even rows are bright and of class 0, and every partner is the opposite.
    CHECK(close(out.pixels.mean({1, 2, 3}) / 100, out.labels.select(1, 0), 1e-4));
    CHECK(out.labels.select(1, 0).mean().item<double>() == doctest::Approx(0.5).epsilon(0.02));
  }
  const auto own =
      Augmenter(parse_augment_text("mixup=0.5"), 9, 2).apply(rows, 1).labels.slice(0, 0, at::nullopt, 2).select(1, 0);
  CHECK(own.mean().item<double>() == doctest::Approx(0.5).epsilon(0.03));
  CHECK(own.var().item<double>() == doctest::Approx(0.25 / 2).epsilon(0.05));  // Beta(a, a): 1 / (4 (2a + 1))
}
