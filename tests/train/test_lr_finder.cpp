#include "train/lr_finder.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace cvtool;

TEST_CASE("The rate that is named is where the loss falls fastest") {
  std::vector<double> rates, losses;
  for (int i = 0; i <= 80; ++i) {
    const double exponent = -7 + 0.1 * i;
    rates.push_back(std::pow(10, exponent));
    // Falls about 1e-3, grows beyond 1e-1.
    losses.push_back(0.7 - 0.3 / (1 + std::exp(-4 * (exponent + 3))) + std::exp(3 * (exponent + 0.5)));
  }
  CHECK(std::log10(steepest_rate(rates, losses)) == doctest::Approx(-3).epsilon(0.05));
}

TEST_CASE("What a curve does after it has risen names no rate") {
  std::vector<double> rates, losses;
  for (int i = 0; i <= 80; ++i) {
    const double exponent = -7 + 0.1 * i;
    rates.push_back(std::pow(10, exponent));
    // A slow fall about 1e-4, then swings whose flanks are steeper.
    losses.push_back(exponent < -2.5 ? 1.2 - 0.4 / (1 + std::exp(-3 * (exponent + 4)))
                                     : 1.2 + 0.5 * std::sin(5 * exponent));
  }
  CHECK(std::log10(steepest_rate(rates, losses)) == doctest::Approx(-4).epsilon(0.05));
}

TEST_CASE("A curve that only grows names no rate") {
  std::vector<double> rates, losses;
  for (int i = 0; i < 30; ++i) rates.push_back(std::pow(10, -7 + 0.1 * i)), losses.push_back(1 + 0.01 * i);
  CHECK(steepest_rate(rates, losses) == 0);
}
