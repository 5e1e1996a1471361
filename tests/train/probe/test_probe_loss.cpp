#include "train/probe/probe_loss.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace cvtool;
using doctest::Approx;

namespace {

ProbeData photos_of(int64_t classes) {
  at::manual_seed(5);
  ProbeData data;
  data.labels = at::arange(40, at::kLong).remainder(classes);
  data.features = at::randn({40, 2, 3}) * at::tensor({0.1F, 1.0F, 20.0F}) + at::tensor({1.0F, -2.0F, 5.0F});
  data.ids.resize(40);
  return data;
}

}  // namespace

TEST_CASE("Moments are the weighted mean and variance of each feature, however small") {
  const ProbeData data = photos_of(2);
  ProbeOptions options;
  options.classes = 2;
  options.class_weights = {1, 3};
  const FeatureMoments moments = ProbeLoss(data, options, at::arange(40, at::kLong), 1).moments();
  const at::Tensor weight = (data.labels * 2 + 1).repeat_interleave(2).to(at::kDouble).unsqueeze(1);
  const at::Tensor x = data.features.reshape({80, 3}).to(at::kDouble), share = weight / weight.sum();
  const at::Tensor mean = (x * share).sum(0);
  CHECK(moments.mean.allclose(mean));
  CHECK(moments.variance.allclose(((x - mean).square() * share).sum(0)));
}

TEST_CASE("A probe's gradient is the slope of its value") {
  for (const int64_t classes : {2, 3}) {
    CAPTURE(classes);
    const ProbeData data = photos_of(classes);
    ProbeOptions options;
    options.classes = classes;
    options.label_smoothing = 0.1;
    const ProbeLoss loss(data, options, at::arange(30, at::kLong), 1);
    const LinearLayer layer{at::randn({loss.rows(), 3}, at::kDouble) * 0.3, at::randn({loss.rows()}, at::kDouble)};
    const ProbeLoss::Result result = loss.evaluate(layer);
    const auto slope = [&](at::Tensor LinearLayer::*part, int64_t place) {
      constexpr double kStep = 1e-5;
      double value[2];
      for (const int side : {0, 1}) {
        LinearLayer moved{layer.weight.clone(), layer.bias.clone()};
        (moved.*part).view(-1)[place] += side == 0 ? -kStep : kStep;
        value[side] = loss.evaluate(moved).value;
      }
      return (value[1] - value[0]) / (2 * kStep);
    };
    for (int64_t i = 0; i < layer.weight.numel(); ++i)
      CHECK(result.gradient.weight.view(-1)[i].item<double>() == Approx(slope(&LinearLayer::weight, i)).epsilon(1e-5));
    for (int64_t i = 0; i < layer.bias.numel(); ++i)
      CHECK(result.gradient.bias[i].item<double>() == Approx(slope(&LinearLayer::bias, i)).epsilon(1e-5));
  }
}
