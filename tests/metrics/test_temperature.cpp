#include "metrics/temperature.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

using namespace cvtool;

namespace {

// Mean cross-entropy of softmax(logits / temperature), the plain way.
double cross_entropy(const std::vector<double>& logits, const std::vector<int64_t>& labels, int64_t classes,
                     double temperature) {
  double sum = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    const double* z = logits.data() + row * static_cast<size_t>(classes);
    double total = 0;
    for (int64_t k = 0; k < classes; ++k) total += std::exp(z[k] / temperature);
    sum += std::log(total) - z[labels[row]] / temperature;
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

// Every photo has logits (0, a); nine of ten are of class 1. The best probability of class 1 is 0.9, so a / T = log 9.
TEST_CASE("The temperature turns equal logits into the share that is right") {
  const double a = 5;
  std::vector<double> logits;
  std::vector<int64_t> labels;
  for (int i = 0; i < 10; ++i) {
    logits.insert(logits.end(), {0, a});
    labels.push_back(i > 0);
  }
  const TemperatureFit fit = fit_temperature(logits, labels, 2);
  CHECK(fit.temperature == doctest::Approx(a / std::log(9.0)).epsilon(1e-9));
  CHECK(fit.loss_after == doctest::Approx(-0.9 * std::log(0.9) - 0.1 * std::log(0.1)).epsilon(1e-9));
  CHECK(fit.loss_before == doctest::Approx(cross_entropy(logits, labels, 2, 1)).epsilon(1e-12));
}

TEST_CASE("No other temperature has a smaller loss") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed, "temperature");
    const int64_t classes = 2 + static_cast<int64_t>(seed % 5);
    std::vector<double> logits;
    std::vector<int64_t> labels;
    const double scale = random.uniform(0.2, 8);
    for (int row = 0; row < 60; ++row) {
      labels.push_back(static_cast<int64_t>(random.uniform(0, static_cast<double>(classes))));
      for (int64_t k = 0; k < classes; ++k)
        logits.push_back(scale * (random.uniform(-1, 1) + (k == labels.back() ? 0.5 : 0)));
    }
    const TemperatureFit fit = fit_temperature(logits, labels, classes);
    CAPTURE(fit.temperature);
    CHECK(fit.loss_after == doctest::Approx(cross_entropy(logits, labels, classes, fit.temperature)).epsilon(1e-12));
    for (double factor : {0.5, 0.9, 0.999, 1.001, 1.1, 2.0})
      CHECK(cross_entropy(logits, labels, classes, fit.temperature * factor) >= fit.loss_after);
  }
}

TEST_CASE("Where no temperature is best the reason is given") {
  CHECK_THROWS_AS(fit_temperature({0, 5, 5, 0}, {1, 0}, 2), DataError);  // all right: colder is always better
  CHECK_THROWS_AS(fit_temperature({0, 5, 5, 0}, {0, 1}, 2), DataError);  // all wrong: hotter is
  CHECK_NOTHROW(fit_temperature({0, 5, 0, 5, 5, 0, 5, 0, 0, 5}, {1, 1, 0, 0, 0}, 2));
}

// As above: logits (0, a) of which nine in ten are right want a / log 9.
TEST_CASE("Temperatures from a hundredth to a hundred are found, others refused") {
  const auto wanting = [](double temperature) {
    std::vector<double> logits;
    std::vector<int64_t> labels;
    for (int i = 0; i < 10; ++i) {
      logits.insert(logits.end(), {0, temperature * std::log(9.0)});
      labels.push_back(i > 0);
    }
    return fit_temperature(logits, labels, 2).temperature;
  };
  for (const double temperature : {0.0125, 1.0, 80.0})
    CHECK(wanting(temperature) == doctest::Approx(temperature).epsilon(1e-9));
  CHECK_THROWS_AS(wanting(0.008), DataError);
  CHECK_THROWS_AS(wanting(125), DataError);
}
