#include "train/probe/probe.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "scratch.h"
#include "stopper.h"

using namespace cvtool;

namespace {

// Clouds around a centre of each class that overlap; features of very different scales and offsets.
ProbeData clouds(int64_t photos, int64_t classes, int64_t features, int64_t forms = 1) {
  at::manual_seed(3);
  ProbeData data;
  data.labels = at::arange(photos, at::kLong).remainder(classes);
  const at::Tensor centres = at::randn({classes, features});
  const at::Tensor scale = at::pow(10, at::linspace(-2, 2, features)), offset = at::randn({features}) * 3;
  const at::Tensor x = centres.index_select(0, data.labels).unsqueeze(1) + at::randn({photos, forms, features}) * 1.5;
  data.features = ((x + offset) * scale).contiguous();
  for (int64_t i = 0; i < photos; ++i) data.ids.push_back(stable_hash("photo " + std::to_string(i)));
  return data;
}

struct Dense {
  at::Tensor weight, bias, probabilities;  // probabilities of the first forms, [N,K]
};

// Newton's steps with the whole second derivative, of one form a photo and weights [N] that sum to 1.
Dense newton(const at::Tensor& x, const at::Tensor& targets, const at::Tensor& weights, double l2) {
  const int64_t rows = targets.size(1), n = x.size(0), d = x.size(1) + 1;
  const at::Tensor ones = at::ones({n, 1}, at::kDouble), x1 = at::cat({x.to(at::kDouble), ones}, 1);
  at::Tensor penalty = at::full({rows, d}, l2, at::kDouble);
  penalty.select(1, d - 1).zero_();
  at::Tensor theta = at::zeros({rows, d}, at::kDouble);
  const auto p_of = [&](const at::Tensor& t) {
    const at::Tensor z = at::mm(x1, t.t());
    return rows == 1 ? z.sigmoid() : z.softmax(1);
  };
  for (int step = 0; step < 100; ++step) {
    const at::Tensor p = p_of(theta);
    const at::Tensor gradient = at::mm(((p - targets) * weights.unsqueeze(1)).t(), x1) + theta * penalty;
    at::Tensor hessian = at::diag(penalty.flatten());
    for (int64_t a = 0; a < rows; ++a)
      for (int64_t b = 0; b < rows; ++b) {
        const at::Tensor same = a == b ? p.select(1, a) : at::zeros({n}, at::kDouble);
        const at::Tensor factor = (same - p.select(1, a) * p.select(1, b)) * weights;
        hessian.narrow(0, a * d, d).narrow(1, b * d, d).add_(at::mm((x1 * factor.unsqueeze(1)).t(), x1));
      }
    // The sum of the biases of several classes is free.
    hessian.add_(at::eye(rows * d, at::kDouble), 1e-12);
    const at::Tensor move = at::mv(at::linalg_inv(hessian), gradient.flatten()).view({rows, d});
    theta = theta - move * std::min(1.0, 3.0 / move.norm().item<double>());
  }
  return {theta.narrow(1, 0, d - 1), theta.select(1, d - 1), p_of(theta)};
}

at::Tensor probabilities(const Probe& probe, const at::Tensor& x) {
  const at::Tensor z = at::addmm(probe.bias, x.to(at::kDouble), probe.weight.t());
  return probe.bias.size(0) == 1 ? at::cat({(-z).sigmoid(), z.sigmoid()}, 1) : z.softmax(1);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

at::Tensor even(int64_t n) { return at::full({n}, 1.0 / static_cast<double>(n), at::kDouble); }

bool same_bytes(const Probe& a, const Probe& b) { return a.weight.equal(b.weight) && a.bias.equal(b.bias); }

}  // namespace

TEST_CASE("A probe of two classes is the optimum that Newton's method finds, in one unit and in two") {
  const ProbeData data = clouds(90, 2, 6);
  const at::Tensor x = data.features.select(1, 0), y = data.labels.to(at::kDouble).unsqueeze(1);
  for (const double l2 : {1e-4, 0.1, 10.0}) {
    CAPTURE(l2);
    const Dense exact = newton(x, y, even(90), l2);
    ProbeOptions options;
    options.l2 = l2;
    const Probe two = fit_probe(data, options);
    options.units = 1;
    const Probe one = fit_probe(data, options);
    CHECK(one.weight.sizes() == at::IntArrayRef({1, 6}));
    CHECK(two.weight.sizes() == at::IntArrayRef({2, 6}));
    CHECK(at::allclose(one.weight, exact.weight, 1e-4, 1e-6));
    for (const Probe& probe : {one, two})
      CHECK(largest_difference(probabilities(probe, x).select(1, 1), exact.probabilities.select(1, 0)) < 1e-6);
    CHECK(two.weight[1].equal(one.weight[0] / 2));
  }
}

TEST_CASE("A probe of four classes is the optimum that Newton's method finds, with smoothed labels too") {
  const ProbeData data = clouds(120, 4, 5);
  const at::Tensor x = data.features.select(1, 0);
  for (const double smoothing : {0.0, 0.2}) {
    CAPTURE(smoothing);
    const at::Tensor targets = at::one_hot(data.labels, 4).to(at::kDouble) * (1 - smoothing) + smoothing / 4;
    ProbeOptions options;
    options.classes = 4;
    options.l2 = 0.03;
    options.label_smoothing = smoothing;
    const Probe probe = fit_probe(data, options);
    const Dense exact = newton(x, targets, even(120), options.l2);
    CHECK(at::allclose(probe.weight, exact.weight, 1e-4, 1e-6));
    CHECK(largest_difference(probabilities(probe, x), exact.probabilities) < 1e-6);
  }
}

TEST_CASE("Smoothed labels of two classes are those of the loss in training") {
  const ProbeData data = clouds(60, 2, 4);
  ProbeOptions options;
  options.l2 = 0.01;
  options.label_smoothing = 0.3;
  const at::Tensor x = data.features.select(1, 0);
  const Dense exact = newton(x, data.labels.to(at::kDouble).unsqueeze(1) * 0.7 + 0.15, even(60), options.l2);
  CHECK(largest_difference(probabilities(fit_probe(data, options), x).select(1, 1), exact.probabilities.select(1, 0)) <
        1e-6);
}

TEST_CASE(
    "A class that weighs twice counts as if each of its photos were there twice, and forms share their photo's "
    "weight") {
  for (const int64_t classes : {2, 3}) {
    CAPTURE(classes);
    const ProbeData data = clouds(60, classes, 4);
    const at::Tensor again = data.labels.eq(1).nonzero().squeeze(1);
    ProbeData repeated = data;
    repeated.features = at::cat({data.features, data.features.index_select(0, again)});
    repeated.labels = at::cat({data.labels, data.labels.index_select(0, again)});
    repeated.ids.resize(static_cast<size_t>(repeated.labels.size(0)));
    ProbeOptions options;
    options.classes = classes;
    options.l2 = 0.05;
    const Probe twice = fit_probe(repeated, options), plain = fit_probe(data, options);
    options.class_weights = classes == 2 ? std::vector<double>{1, 2} : std::vector<double>{1, 2, 1};
    const Probe weighted = fit_probe(data, options);
    CHECK(at::allclose(weighted.weight, twice.weight, 1e-5, 1e-7));
    CHECK_FALSE(at::allclose(weighted.weight, plain.weight, 1e-3, 1e-3));

    ProbeData forms = data;
    forms.features = data.features.repeat({1, 3, 1});
    CHECK(at::allclose(fit_probe(forms, options).weight, weighted.weight, 1e-5, 1e-7));
  }
}

TEST_CASE("A probe is the same bytes for any number of threads, its cross-validation too") {
  const int before = at::get_num_threads();
  for (const int64_t classes : {2, 5}) {
    CAPTURE(classes);
    const ProbeData data = clouds(700, classes, 40, 2);
    ProbeOptions options;
    options.classes = classes;
    Probe first;
    CrossValidation first_validation;
    for (const int threads : {1, 2, 3}) {
      CAPTURE(threads);
      at::set_num_threads(threads);
      const CrossValidation validation = cross_validate(data, options);
      options.l2 = validation.l2;
      const Probe probe = fit_probe(data, options);
      options.l2 = 0;
      if (threads == 1) first = probe, first_validation = validation;
      CHECK(same_bytes(probe, first));
      CHECK(validation.log_probabilities.equal(first_validation.log_probabilities));
      CHECK(validation.l2 == first_validation.l2);
    }
  }
  at::set_num_threads(before);
}

TEST_CASE("Cross-validation finds the penalty under which photos that were held out are told best") {
  // Few photos, many features that say nothing: without a penalty the head learns them by heart.
  ProbeData data = clouds(60, 3, 50);
  at::manual_seed(8);
  data.features.narrow(2, 0, 47).normal_();
  data.features.narrow(2, 47, 3).div_(50);
  ProbeOptions options;
  options.classes = 3;
  const CrossValidation found = cross_validate(data, options);
  CHECK(found.folds == 5);
  CHECK(found.log_probabilities.sizes() == at::IntArrayRef({60, 3}));
  CHECK(largest_difference(found.log_probabilities.exp().sum(1), at::ones({60}, at::kDouble)) < 1e-12);
  const at::Tensor own = found.log_probabilities.gather(1, data.labels.unsqueeze(1));
  CHECK(found.log_loss == doctest::Approx(-own.mean().item<double>()));
  for (const double factor : {0.1, 10.0}) {
    options.l2 = found.l2 * factor;
    CHECK(cross_validate(data, options).log_loss > found.log_loss);
  }
  options.l2 = 0;
  CHECK(fit_probe(data, options).l2 == found.l2);
}

TEST_CASE("Photos with equal features are held out together") {
  // Labels by chance: only who has seen a photo's copy knows its class.
  ProbeData data = clouds(40, 2, 30);
  at::manual_seed(4);
  data.features.normal_();
  ProbeData copied = data;
  copied.features = at::cat({data.features, data.features});
  copied.labels = at::cat({data.labels, data.labels});
  for (int64_t i = 0; i < 40; ++i) copied.ids.push_back(stable_hash("copy " + std::to_string(i)));
  ProbeOptions options;
  options.l2 = 1e-3;
  const CrossValidation found = cross_validate(copied, options);
  CHECK(found.accuracy < 0.8);
  CHECK(found.log_probabilities.narrow(0, 0, 40).equal(found.log_probabilities.narrow(0, 40, 40)));
}

TEST_CASE("A class of two photos leaves two folds, and a single photo is no ground to choose on") {
  ProbeData data = clouds(20, 2, 3);
  data.labels.zero_();
  data.labels.narrow(0, 0, 2).fill_(1);
  CHECK(cross_validate(data, {}).folds == 2);
  ProbeData one = clouds(1, 2, 3);
  CHECK(contains(message_of([&] { fit_probe(one, {}); }), "--probe-l2"));
}

TEST_CASE("Features that are not finite and a stop are told of as what they are") {
  ProbeData data = clouds(30, 2, 3);
  ProbeOptions options;
  Stopper stopper(0);
  options.observer = &stopper;
  for (const double l2 : {0.0, 0.1}) {
    options.l2 = l2;
    try {
      fit_probe(data, options);
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kInterrupted);
    }
  }
  data.features[3][0][1] = std::nan("");
  CHECK(contains(message_of([&] { fit_probe(data, {}); }), "not finite"));
}
