#include "train/feature_store.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "base/error.h"
#include "data/temp_folder.h"
#include "stopper.h"

using namespace cvtool;

TEST_CASE("A photo's features are computed in the same batch, whether or not an earlier run was stopped between") {
  TempFolder folder;
  ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  for (int i = 0; i < 10; ++i)
    folder.write_photo("photos/" + std::string(i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  LoaderOptions loader;
  loader.data.imgsz = {8, 8};
  loader.data.valid = 0;
  const Dataset dataset = find_dataset(folder / "photos", loader.data, 1);
  PhotoStore photos(dataset.root, dataset.train, loader);
  REQUIRE(photos.scan().empty());
  std::vector<int64_t> batches;
  FeatureOptions options;
  options.frozen = [&](const at::Tensor& pixels) {
    batches.push_back(pixels.size(0));
    return pixels.to(at::kFloat).mean(at::IntArrayRef({2, 3}));
  };
  options.key = [] { return std::string("mean"); };
  options.cache = "disk";
  options.batch = 4;
  {
    FeatureStore store(photos, options);
    Stopper stopper(1);
    batches.clear();
    CHECK_THROWS_AS(store.fill(stopper), Error);
    CHECK(batches == std::vector<int64_t>{4});
  }
  // Another batch: its groups of three lie across what is kept, which is a group of four.
  options.batch = 3;
  FeatureStore store(photos, options);
  Stopper never(1000);
  batches.clear();
  store.fill(never);
  CHECK(batches == std::vector<int64_t>{3, 3, 1});
  batches.clear();
  store.fill(never);
  CHECK(batches.empty());
  ::unsetenv("XDG_CACHE_HOME");
}
