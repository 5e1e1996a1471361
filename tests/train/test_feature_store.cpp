#include "train/feature_store.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <atomic>

#include "base/error.h"
#include "data/opened_photos.h"
#include "stopper.h"
#include "torch/lanes.h"

using namespace cvtool;

TEST_CASE("Features of a run that was stopped are kept, and only those that are missing are computed") {
  const OpenedPhotos photos(20);
  std::atomic<int64_t> computed{0};
  FeatureOptions options;
  options.frozen = [&](const at::Tensor& pixels) {
    computed += pixels.size(0);
    return pixels.to(at::kFloat).mean(at::IntArrayRef({2, 3}));
  };
  options.key = [] { return std::string("mean"); };
  options.cache = "disk";
  options.rows = 4;
  {
    FeatureStore store(*photos.store, options);
    Stopper stopper(2);
    CHECK_THROWS_AS(store.fill(stopper), Error);
  }
  CHECK(computed >= 8);
  // Other batches find what is kept.
  options.rows = 3;
  FeatureStore store(*photos.store, options);
  Stopper never(1000);
  store.fill(never);
  CHECK(computed == 20 + 2);  // and the blank photo of each store, which tells the shape
  store.fill(never);
  CHECK(computed == 20 + 2);
}

TEST_CASE("A photo's features are the same bytes for any number of lanes, and where it is computed by itself") {
  const OpenedPhotos photos(11);
  const at::Tensor weights = at::randn({16, 3, 3, 3});
  FeatureOptions options;
  options.frozen = [&weights](const at::Tensor& pixels) {
    return in_lanes(pixels, 4, [&](const at::Tensor& x) { return at::conv2d(x.to(at::kFloat), weights).tanh(); });
  };
  options.key = [] { return std::string("convolution"); };
  options.rows = 4;
  std::vector<size_t> rows = in_order(11);
  Stopper never(1000);
  Examples expected, found;
  options.cache = "none";  // each by itself
  REQUIRE(FeatureStore(*photos.store, options).examples(rows, 0, expected));
  options.cache = "ram";
  const int before = at::get_num_threads();
  for (const int lanes : {1, 2, 3}) {
    at::set_num_threads(lanes);
    FeatureStore store(*photos.store, options);
    store.fill(never);
    CHECK(store.computed() == 11);
    REQUIRE(store.examples(rows, 0, found));
    CHECK(at::equal(found.x, expected.x));
  }
  at::set_num_threads(before);
}

TEST_CASE("Features of another backbone, other pixels or another form are not those that are kept") {
  int64_t computed = 0;
  FeatureOptions options;
  options.frozen = [&](const at::Tensor& pixels) {
    computed += pixels.size(0);
    return pixels.to(at::kFloat).mean(at::IntArrayRef({2, 3}));
  };
  options.key = [] { return std::string("mean"); };
  options.cache = "disk";
  const auto computed_by = [&](const OpenedPhotos& photos, const FeatureOptions& own) {
    computed = 0;
    FeatureStore store(*photos.store, own);
    Stopper never(1000);
    store.fill(never);
    return computed - 1;  // the blank photo, which tells the shape
  };
  const OpenedPhotos photos(6);
  CHECK(computed_by(photos, options) == 6);
  CHECK(computed_by(photos, options) == 0);
  FeatureOptions other = options;
  other.key = [] { return std::string("another mean"); };
  CHECK(computed_by(photos, other) == 6);
  other = options;
  other.variants.key = "turned";
  CHECK(computed_by(photos, other) == 6);
  CHECK(computed_by(photos, other) == 0);
  CHECK(computed_by(photos, options) == 0);
}
