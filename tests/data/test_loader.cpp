#include "data/loader.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

// Twenty small photos of two classes.
Dataset write_photos(const TempFolder& folder) {
  for (int i = 0; i < 20; ++i)
    folder.write_photo((i % 2 ? "a/" : "b/") + std::to_string(100 + i) + ".png", i, {10 + i, 14});
  DataConfig config;
  config.valid = 0;
  return find_dataset(folder.path(), config, 1);
}

LoaderOptions options_with(int64_t workers, const std::string& cache = "auto") {
  LoaderOptions options;
  options.data.imgsz = {7, 5};
  options.read.workers = workers;
  options.cache = cache;
  return options;
}

struct Pass {
  std::vector<at::Tensor> pixels;
  std::vector<int64_t> labels;
  std::vector<size_t> rows;
};

Pass pass_over(const PhotoStore& store, std::vector<size_t> order, int64_t batch_rows) {
  Loader loader(store, std::move(order), batch_rows);
  Pass pass;
  Batch batch;
  while (loader.next(batch)) {
    pass.pixels.push_back(batch.pixels.clone());
    for (int64_t i = 0; i < batch.labels.size(0); ++i) pass.labels.push_back(batch.labels[i].item<int64_t>());
    pass.rows.insert(pass.rows.end(), batch.rows.begin(), batch.rows.end());
  }
  CHECK_FALSE(loader.next(batch));
  return pass;
}

}  // namespace

TEST_CASE("Batches come in order, hold resized pixels and keep the last partial one") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  PhotoStore store(dataset.root, dataset.train, options_with(2));
  CHECK(store.scan().empty());
  Loader loader(store, in_order(20), 8);
  Batch batch;
  size_t seen = 0;
  std::vector<int64_t> sizes;
  while (loader.next(batch)) {
    sizes.push_back(batch.pixels.size(0));
    CHECK(batch.pixels.sizes() == at::IntArrayRef{batch.labels.size(0), 3, 7, 5});
    CHECK(batch.pixels.is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK((batch.pixels.scalar_type() == at::kByte));
    for (size_t i = 0; i < batch.rows.size(); ++i) {
      CHECK(batch.rows[i] == seen++);
      const Sample& sample = store.samples()[batch.rows[i]];
      CHECK(batch.labels[static_cast<int64_t>(i)].item<int64_t>() == sample.label);
      const cv::Mat expected = resize_image(read_image(dataset.root + "/" + sample.path, {}), store.options().data);
      const at::Tensor row = batch.pixels[static_cast<int64_t>(i)].permute({1, 2, 0}).contiguous();
      CHECK(std::equal(expected.data, expected.data + 7 * 5 * 3, row.data_ptr<uint8_t>()));
    }
  }
  CHECK(sizes == std::vector<int64_t>{8, 8, 4});
}

TEST_CASE("The number of workers and the kind of cache change nothing") {
  TempFolder folder, home;
  ::setenv("XDG_CACHE_HOME", home.path().c_str(), 1);
  const Dataset dataset = write_photos(folder);
  std::vector<Pass> passes;
  std::vector<std::string> digests;
  for (const char* cache : {"auto", "ram", "disk", "none"})
    for (const int64_t workers : {1, 2, 4}) {
      PhotoStore store(dataset.root, dataset.train, options_with(workers, cache));
      store.scan();
      digests.push_back(store.digest());
      passes.push_back(pass_over(store, shuffled(store.samples(), 5, 2), 3));
    }
  for (const Pass& pass : passes) {
    CHECK(pass.rows == passes[0].rows);
    CHECK(pass.labels == passes[0].labels);
    REQUIRE(pass.pixels.size() == 7);
    for (size_t i = 0; i < 7; ++i) CHECK(at::equal(pass.pixels[i], passes[0].pixels[i]));
  }
  for (const auto& digest : digests) CHECK(digest == digests[0]);
  ::unsetenv("XDG_CACHE_HOME");
}

TEST_CASE("Shuffling depends on seed, epoch and the samples alone") {
  TempFolder folder;
  const auto samples = write_photos(folder).train;
  const auto order = shuffled(samples, 1, 0);
  CHECK(order == shuffled(samples, 1, 0));
  CHECK(order != shuffled(samples, 2, 0));
  CHECK(order != shuffled(samples, 1, 1));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == in_order(20));
  // Without one photo the others keep their order.
  std::vector<Sample> fewer(samples.begin(), samples.end() - 1);
  auto kept = order;
  kept.erase(std::find(kept.begin(), kept.end(), size_t{19}));
  CHECK(shuffled(fewer, 1, 0) == kept);
}

TEST_CASE("Bad files are taken out and named with their reason") {
  TempFolder folder;
  write_photos(folder);
  folder.write("a/broken.jpg", "");
  folder.write("b/text.png", "no photo");
  std::filesystem::create_symlink("nowhere", folder / "b/link.jpg");
  DataConfig config;
  config.valid = 0;
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  PhotoStore store(dataset.root, dataset.train, options_with(3));
  int64_t last = 0, all = 0;
  const auto bad = store.scan([&](int64_t done, int64_t total) { last = done, all = total; });
  REQUIRE(bad.size() == 3);
  CHECK(bad[0].path == "a/broken.jpg");
  CHECK(bad[0].reason == "the file is empty");
  CHECK(bad[1].path == "b/link.jpg");
  CHECK(bad[2].reason.find("text") != std::string::npos);
  CHECK(store.samples().size() == 20);
  CHECK(last == 23);
  CHECK(all == 23);
  CHECK(pass_over(store, in_order(20), 6).labels.size() == 20);
}

TEST_CASE("A file that vanishes or changes during a run is left out, not fatal") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  PhotoStore uncached(dataset.root, dataset.train, options_with(2, "none"));
  PhotoStore cached(dataset.root, dataset.train, options_with(2, "ram"));
  uncached.scan();
  cached.scan();
  const auto whole = pass_over(cached, in_order(20), 20);
  std::filesystem::remove(folder / dataset.train[4].path);
  folder.write_photo(dataset.train[5].path, 99);
  folder.write(dataset.train[6].path, "");
  const auto pass = pass_over(uncached, in_order(20), 1);
  CHECK(pass.rows.size() == 17);
  CHECK(std::find(pass.rows.begin(), pass.rows.end(), size_t{5}) == pass.rows.end());
  CHECK(at::equal(pass_over(cached, in_order(20), 20).pixels[0], whole.pixels[0]));
}

TEST_CASE("A progress callback that throws ends the scan") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  PhotoStore store(dataset.root, dataset.train, options_with(1));
  CHECK_THROWS_AS(store.scan([](int64_t, int64_t) { throw Error("stopped"); }), Error);
}

TEST_CASE("The digest tells content, labels and paths apart") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  const auto digest_of = [&](std::vector<Sample> samples) {
    PhotoStore store(dataset.root, std::move(samples), options_with(2, "none"));
    store.scan();
    return store.digest();
  };
  const std::string before = digest_of(dataset.train);
  auto reversed = dataset.train;
  std::reverse(reversed.begin(), reversed.end());
  CHECK(digest_of(reversed) == before);
  auto relabelled = dataset.train;
  relabelled[3].label = 1 - relabelled[3].label;
  CHECK(digest_of(relabelled) != before);
  folder.write_photo(dataset.train[0].path, 77);
  CHECK(digest_of(dataset.train) != before);
}

TEST_CASE("Equal files of two splits are found") {
  TempFolder folder;
  for (int i = 0; i < 4; ++i)
    folder.write_photo("train/" + std::string(i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  for (int i = 3; i < 7; ++i)
    folder.write_photo("valid/" + std::string(i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  PhotoStore train(dataset.root, dataset.train, options_with(2)), valid(dataset.root, dataset.valid, options_with(2));
  train.scan();
  valid.scan();
  const auto pairs = train.same_files(valid);
  REQUIRE(pairs.size() == 1);
  CHECK(train.samples()[pairs[0].first].path == "train/a/3.png");
  CHECK(valid.samples()[pairs[0].second].path == "valid/a/3.png");
}

TEST_CASE("A loader may be left before its end") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  PhotoStore store(dataset.root, dataset.train, options_with(4, "none"));
  store.scan();
  Loader loader(store, in_order(20), 1);
  Batch batch;
  CHECK(loader.next(batch));
}

TEST_CASE("A memory budget that is too small keeps what fits") {
  TempFolder folder;
  const Dataset dataset = write_photos(folder);
  LoaderOptions options = options_with(2, "ram");
  options.cache_budget_bytes = 3 * 7 * 5 * 3 + 10;
  PhotoStore small(dataset.root, dataset.train, options);
  PhotoStore large(dataset.root, dataset.train, options_with(2, "ram"));
  small.scan();
  large.scan();
  CHECK(at::equal(pass_over(small, in_order(20), 20).pixels[0], pass_over(large, in_order(20), 20).pixels[0]));
}
