#include "explain/neighbours.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"

using namespace cvtool;

namespace {

// Points on a circle at so many degrees. Their mean is taken off first, so the angles are seen from there.
at::Tensor on_circle(const std::vector<double>& degrees) {
  at::Tensor points = at::zeros({static_cast<int64_t>(degrees.size()), 2});
  for (size_t i = 0; i < degrees.size(); ++i) {
    const double angle = degrees[i] * 3.14159265358979 / 180;
    points[static_cast<int64_t>(i)][0] = std::cos(angle);
    points[static_cast<int64_t>(i)][1] = std::sin(angle);
  }
  return points;
}

}  // namespace

TEST_CASE("The nearest photos are those of the least cosine distance, never the photo itself") {
  // Opposite pairs: the mean is the middle.
  const Neighbours found = nearest_photos(on_circle({0, 180, 30, 210, 90, 270}), 2);
  REQUIRE(found.rows.sizes() == at::IntArrayRef({6, 2}));
  CHECK(found.rows[0][0].item<int64_t>() == 2);
  CHECK(found.distances[0][0].item<double>() == doctest::Approx(1 - std::cos(3.14159265358979 / 6)).epsilon(1e-5));
  CHECK(found.rows[2][1].item<int64_t>() == 4);
  for (int64_t i = 0; i < 6; ++i)
    for (int64_t k = 0; k < 2; ++k) CHECK(found.rows[i][k].item<int64_t>() != i);
  CHECK(nearest_photos(at::eye(3), 5).rows.size(1) == 2);
  CHECK_THROWS_AS(nearest_photos(at::ones({1, 4}), 5), DataError);
}

TEST_CASE("Photos that are far nearer than usual are alike, in chains") {
  const auto groups = alike_photos(
      nearest_photos(on_circle({0, 180, 60, 240, 120, 300, 30, 210, 90, 270, 150, 330, 0.1, 180.1, 0.2}), 3));
  REQUIRE(groups.size() == 2);
  CHECK(groups[0] == std::vector<size_t>{0, 12, 14});
  CHECK(groups[1] == std::vector<size_t>{1, 13});
}

TEST_CASE("A photo beyond its class's fence is odd, and small classes have none") {
  const std::vector<double> distances{0.1, 0.11, 0.12, 0.13, 0.9, 0.1, 0.1, 0.9};
  const std::vector<int64_t> labels{0, 0, 0, 0, 0, 1, 1, 1};
  CHECK(odd_photos(distances, labels) == std::vector<size_t>{4});
  CHECK(odd_photos({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.9}, std::vector<int64_t>(9, 0)) ==
        std::vector<size_t>{8, 7});
}
