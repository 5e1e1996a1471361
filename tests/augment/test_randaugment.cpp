#include "augment/randaugment.h"

#include <doctest/doctest.h>

#include <array>

#include "augment/pictures.h"

using namespace cvtool;

namespace {

at::Tensor done(const at::Tensor& picture, RandOp op, double magnitude) {
  return apply_rand_ops(picture, {{op, magnitude}}, {});
}

const at::Tensor kLine = grey_picture({{10, 20, 30, 40}});

}  // namespace

TEST_CASE("Every operation is drawn evenly, and signed ones have both signs") {
  std::array<int, kRandOps> seen{};
  int positive = 0, negative = 0;
  for (uint64_t id = 0; id < kDraws; ++id) {
    Random random(1, "test", 0, id);
    const RandOpDraw draw = draw_rand_op(9, random, {100, 331});
    ++seen[static_cast<size_t>(draw.op)];
    if (draw.op == RandOp::kTranslateX) {
      positive += draw.magnitude == 45;  // 150 * 9 / 30
      negative += draw.magnitude == -45;
    }
    if (draw.op == RandOp::kPosterize) CHECK(draw.magnitude == 7);
    if (draw.op == RandOp::kSolarize) CHECK(draw.magnitude == doctest::Approx(178.5));
  }
  for (int count : seen) CHECK(count == doctest::Approx(714).epsilon(0.15));
  CHECK(positive + negative == seen[static_cast<size_t>(RandOp::kTranslateX)]);
  CHECK(positive == doctest::Approx(negative).epsilon(0.3));
}

TEST_CASE("The operations give the values worked out by hand") {
  CHECK(close(done(kLine, RandOp::kIdentity, 0), kLine, 0));
  CHECK(close(done(kLine, RandOp::kTranslateX, 1), grey_picture({{10, 10, 20, 30}}), 1e-4));
  CHECK(close(done(kLine, RandOp::kBrightness, 0.5), grey_picture({{15, 30, 45, 60}}), 1e-4));
  CHECK(close(done(kLine, RandOp::kContrast, -0.5), grey_picture({{17.5, 22.5, 27.5, 32.5}}), 1e-4));
  CHECK(close(done(kLine, RandOp::kPosterize, 4), grey_picture({{0, 16, 16, 32}}), 0));
  CHECK(close(done(kLine, RandOp::kSolarize, 30), grey_picture({{10, 20, 225, 215}}), 0));
  CHECK(close(done(kLine, RandOp::kAutoContrast, 0), grey_picture({{0, 85, 170, 255}}), 1e-3));
  CHECK(close(done(kLine, RandOp::kColor, -0.9), kLine, 1e-4));
}

TEST_CASE("Equalize spreads the values as torchvision does") {
  // 1024 pixels, 64 of them of the largest value: step = 960 / 255 = 3, the table is (pixels below + 1) / 3.
  const auto rows = [](int64_t count, float value) { return at::full({1, 3, count, 32}, value); };
  const auto picture = at::cat({rows(16, 10), rows(8, 20), rows(6, 30), rows(2, 40)}, 2);
  const auto expected = at::cat({rows(16, 0), rows(8, 171), rows(8, 255)}, 2);
  CHECK(at::equal(done(picture, RandOp::kEqualize, 0), expected));
  CHECK(at::equal(done(kLine, RandOp::kEqualize, 0), kLine));  // fewer pixels than values: left as it is
}

TEST_CASE("A batch of different operations gives each row its own") {
  const auto pictures = random_pictures(kRandOps, 20, 20).to(at::kFloat).contiguous();
  std::vector<RandOpDraw> draws;
  for (int op = 0; op < kRandOps; ++op) {
    Random random(1, "test", 0, static_cast<uint64_t>(op));
    RandOpDraw draw = draw_rand_op(9, random, {20, 20});
    while (draw.op != static_cast<RandOp>(op)) draw = draw_rand_op(9, random, {20, 20});
    draws.push_back(draw);
  }
  const auto together = apply_rand_ops(pictures, draws, {});
  for (int op = 0; op < kRandOps; ++op) {
    CAPTURE(op);
    const auto alone = apply_rand_ops(pictures.narrow(0, op, 1), {draws[static_cast<size_t>(op)]}, {});
    CHECK(at::equal(together.narrow(0, op, 1), alone));
    CHECK(at::equal(alone, pictures.narrow(0, op, 1)) == (op == 0));
    CHECK(alone.min().item<double>() >= 0);
    CHECK(alone.max().item<double>() <= 255);
  }
}
