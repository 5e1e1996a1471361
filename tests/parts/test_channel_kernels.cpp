#include "parts/channel_kernels.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cvtool;

TEST_CASE("bfloat16 is rounded as LibTorch rounds it, NaN, infinity and ties included") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  at::Tensor values =
      at::cat({at::randn({1000}) * 1e3F, at::randn({1000}) * 1e-39F,
               at::tensor({0.F, -0.F, inf, -inf, nan, -nan, 1.00390625F, 1.01171875F, 3.4e38F, -3.4e38F})});
  const int64_t count = values.numel();
  const at::Tensor zeros = at::zeros({count}, at::kBFloat16), ones = at::ones({count}), none = at::zeros({count});
  const at::Tensor out = at::empty({count}, at::kBFloat16);
  // One row of that many channels: y = 1 * 0 + value.
  scale_rows(ChannelRows<c10::BFloat16>{zeros.data_ptr<c10::BFloat16>(), 1, count}, ones.data_ptr<float>(),
             values.data_ptr<float>(), out.data_ptr<c10::BFloat16>());
  const at::Tensor expected = (values + none).to(at::kBFloat16);
  for (int64_t i = 0; i < count; ++i) {
    const float a = out[i].item<float>(), b = expected[i].item<float>();
    CAPTURE(values[i].item<float>());
    CHECK((a == b || (std::isnan(a) && std::isnan(b))));
  }
}

TEST_CASE("Sums by channel are those of float64") {
  at::manual_seed(2);
  for (const int64_t rows : {1, 63, 64, 65, 1000}) {
    const at::Tensor x = at::randn({rows, 7}) + 3, g = at::randn({rows, 7}), shift = at::ones({7}) * 3;
    const at::Tensor sums = at::zeros({4, 7}, at::kDouble);
    add_sums(ChannelRows<float>{x.data_ptr<float>(), rows, 7}, shift.data_ptr<float>(), sums[0].data_ptr<double>(),
             sums[1].data_ptr<double>());
    add_products(ChannelRows<float>{g.data_ptr<float>(), rows, 7}, x.data_ptr<float>(), shift.data_ptr<float>(),
                 sums[2].data_ptr<double>(), sums[3].data_ptr<double>());
    const at::Tensor d = x.to(at::kDouble) - 3, e = g.to(at::kDouble);
    const at::Tensor expected = at::stack({d.sum(0), d.square().sum(0), e.sum(0), (e * d).sum(0)});
    CHECK((sums - expected).abs().max().item<double>() < 1e-6 * static_cast<double>(rows + 10));
  }
}
