#include "parts/loss_scale.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <limits>

using namespace cvtool;

namespace {

bool unscaled(LossScale& scale, std::vector<at::Tensor> gradients) { return scale.unscale(gradients, 1).item<bool>(); }

}  // namespace

TEST_CASE("Gradients are divided by the scale and the samples") {
  LossScale scale(at::kCPU);
  std::vector<at::Tensor> gradients{at::full({2}, 65536.0 * 12), at::full({3}, 65536.0 * 6)};
  CHECK(scale.unscale(gradients, 4).item<bool>());
  CHECK(gradients[0].eq(3).all().item<bool>());
  CHECK(gradients[1].eq(1.5).all().item<bool>());
}

TEST_CASE("A gradient that is not finite halves the scale down to 1, and many that are double it up to a limit") {
  LossScale scale(at::kCPU);
  const at::Tensor good = at::ones({2});
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    const double before = scale.number();
    CHECK_FALSE(unscaled(scale, {good.clone(), at::full({2}, bad)}));
    CHECK(scale.number() == before / 2);
    CHECK(scale.steps() == 0);
  }
  scale.restore(1, 5);
  CHECK_FALSE(unscaled(scale, {at::full({1}, std::nan(""))}));
  CHECK(scale.number() == 1);
  scale.restore(1024, 1998);
  CHECK(unscaled(scale, {good.clone()}));
  CHECK(scale.steps() == 1999);
  CHECK(scale.number() == 1024);
  CHECK(unscaled(scale, {good.clone()}));
  CHECK(scale.steps() == 0);
  CHECK(scale.number() == 2048);
  scale.restore(16777216, 1999);
  CHECK(unscaled(scale, {good.clone()}));
  CHECK(scale.number() == 16777216);
}
