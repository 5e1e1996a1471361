#include "train/pixel_source.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "data/temp_folder.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

constexpr const char* kMixed = "flip=horizontal_and_vertical,rotation=0.2,contrast=0.5,erasing,mixup,noise=0.02,cutmix";

// Photos of two classes, each of its own colours.
class Photos {
 public:
  explicit Photos(int count) {
    cv::RNG random(7);
    for (int i = 0; i < count; ++i) {
      cv::Mat image(12, 16, CV_8UC3);
      random.fill(image, cv::RNG::UNIFORM, 0, 256);
      folder_.write((i % 2 ? "a/" : "b/") + std::to_string(100 + i) + ".png", encoded(image, ".png"));
    }
    DataConfig config;
    config.valid = 0;
    dataset_ = find_dataset(folder_.path(), config, 1);
  }
  std::unique_ptr<PhotoStore> store(int64_t workers = 2, const std::string& cache = "auto") const {
    LoaderOptions options;
    options.data.imgsz = {10, 12};
    options.read.workers = workers;
    options.cache = cache;
    auto store = std::make_unique<PhotoStore>(dataset_.root, dataset_.train, options);
    CHECK(store->scan().empty());
    return store;
  }

  void remove(size_t number) const { std::filesystem::remove(folder_ / dataset_.train.at(number).path); }

 private:
  TempFolder folder_;
  Dataset dataset_;
};

PixelSourceOptions training(const PhotoStore& store, const char* augment, int64_t batch) {
  PixelSourceOptions options;
  options.batch = batch;
  options.order = [&store](int64_t epoch) { return shuffled(store.samples(), 42, static_cast<uint64_t>(epoch)); };
  options.training = true;
  options.augmenter = std::make_shared<Augmenter>(parse_augment_text(augment), 42, 2);
  return options;
}

struct Pass {
  at::Tensor x, labels;
  std::vector<int64_t> batches;  // their sizes
};

Pass pass_of(ExampleSource& source, int64_t epoch, int64_t skip = 0) {
  source.begin(epoch, skip);
  Pass pass;
  std::vector<at::Tensor> x, labels;
  Examples examples;
  while (source.next(examples)) {
    pass.batches.push_back(examples.x.size(0));
    x.push_back(examples.x);
    labels.push_back(examples.labels);
  }
  CHECK_FALSE(source.next(examples));
  if (!x.empty()) pass.x = at::cat(x), pass.labels = at::cat(labels);
  return pass;
}

}  // namespace

TEST_CASE("An epoch holds the same augmented photos whatever the batch and the number of workers, mixed ones too") {
  const Photos photos(70);
  const auto store = photos.store();
  const Pass expected = pass_of(*pixel_source(*store, training(*store, kMixed, 64)), 3);
  CHECK(expected.batches == std::vector<int64_t>{64, 6});
  CHECK(expected.labels.sizes() == at::IntArrayRef({70, 2}));
  for (int64_t workers : {1, 2, 5}) {
    const auto other = photos.store(workers);
    for (int64_t batch : {1, 32, 64, 70}) {
      CAPTURE(workers);
      CAPTURE(batch);
      const Pass pass = pass_of(*pixel_source(*other, training(*other, kMixed, batch)), 3);
      CHECK(at::equal(pass.x, expected.x));
      CHECK(at::equal(pass.labels, expected.labels));
      CHECK_FALSE(pass.x.requires_grad());
    }
  }
}

TEST_CASE("Whether workers make examples, or the step because its threads take every core, an epoch is the same") {
  const Photos photos(23);
  const auto store = photos.store();
  PixelSourceOptions options = training(*store, kMixed, 9);
  options.frozen = [](const at::Tensor& pixels) { return pixels.to(at::kFloat).mean({2, 3}); };
  const Pass ahead = pass_of(*pixel_source(*store, options), 2);
  options.ahead = false;
  const Pass in_step = pass_of(*pixel_source(*store, options), 2);
  CHECK(at::equal(ahead.x, in_step.x));
  CHECK(at::equal(ahead.labels, in_step.labels));
}

TEST_CASE("A photo that has vanished is passed over, as a partner too") {
  const Photos photos(23);
  const auto store = photos.store(3, "none");
  const auto order = shuffled(store->samples(), 42, 1);
  // One that the epoch's last is mixed with, two neighbours, the last.
  for (size_t place : {0, 8, 9, 22}) photos.remove(order[place]);
  const Pass whole = pass_of(*pixel_source(*store, training(*store, kMixed, 23)), 1);
  CHECK(whole.batches == std::vector<int64_t>{19});
  for (int64_t batch : {1, 4, 9}) {
    CAPTURE(batch);
    const Pass pass = pass_of(*pixel_source(*store, training(*store, kMixed, batch)), 1);
    CHECK(at::equal(pass.x, whole.x));
    CHECK(at::equal(pass.labels, whole.labels));
  }
}

TEST_CASE("An operation in a worker runs in its thread alone, and no other thread has fewer") {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  std::set<std::thread::id> seen;
  int inside = 0, after = 0, later = 0;
  std::thread([&] {
    {
      const OneComputeThread alone;
      inside = at::get_num_threads();
      at::parallel_for(0, 100, 1, [&](int64_t, int64_t) { seen.insert(std::this_thread::get_id()); });
    }
    after = at::get_num_threads();
  }).join();
  std::thread([&] { later = at::get_num_threads(); }).join();
  CHECK(inside == 1);
  CHECK(seen.size() == 1);
  CHECK(after == 3);
  CHECK(later == 3);
  CHECK(at::get_num_threads() == 3);
  at::set_num_threads(before);
}

TEST_CASE("The last photo of an epoch is mixed with the first ones") {
  const Photos photos(5);
  const auto store = photos.store();
  const Pass plain = pass_of(*pixel_source(*store, training(*store, "none", 5)), 1);
  for (int64_t batch : {2, 5}) {
    const Pass mixed = pass_of(*pixel_source(*store, training(*store, "mixup=1", batch)), 1);
    const auto last = plain.x[4].to(at::kDouble), first = plain.x[0].to(at::kDouble), made = mixed.x[4].to(at::kDouble);
    const double fraction = ((made - first).sum() / (last - first).sum()).item<double>();
    CHECK(fraction > 0);
    CHECK(fraction < 1);
    CHECK(at::allclose(made, last * fraction + first * (1 - fraction), 0, 1e-2));
  }
}

TEST_CASE("An epoch that is resumed goes on with the batches that it would have had") {
  const Photos photos(23);
  const auto store = photos.store();
  const auto source = pixel_source(*store, training(*store, kMixed, 4));
  const Pass whole = pass_of(*source, 2);
  for (int64_t skip : {1, 5}) {
    const Pass rest = pass_of(*source, 2, skip);
    CHECK(at::equal(rest.x, whole.x.narrow(0, 4 * skip, 23 - 4 * skip)));
    CHECK(at::equal(rest.labels, whole.labels.narrow(0, 4 * skip, 23 - 4 * skip)));
  }
  CHECK(pass_of(*source, 2, 6).batches.empty());
}

TEST_CASE("Every epoch has another order and other draws, and begins again in the same way") {
  const Photos photos(12);
  const auto store = photos.store();
  const auto source = pixel_source(*store, training(*store, "rotation=0.1", 5));
  const Pass first = pass_of(*source, 1);
  CHECK_FALSE(at::equal(first.x, pass_of(*source, 2).x));
  CHECK(at::equal(first.x, pass_of(*source, 1).x));
  CHECK(source->size() == 12);
}

TEST_CASE("Photos that are not trained on come in order and as in evaluation, with whole labels") {
  const Photos photos(6);
  const auto store = photos.store();
  PixelSourceOptions options = training(*store, "crop=8x6,rotation=0.2,mixup", 4);
  options.training = false;
  options.order = [&store](int64_t) { return in_order(store->samples().size()); };
  const Pass rest = pass_of(*pixel_source(*store, options), 1);
  options.augmenter = nullptr;
  const Pass plain = pass_of(*pixel_source(*store, options), 1);
  CHECK((plain.x.scalar_type() == at::kByte));
  CHECK(plain.x.sizes() == at::IntArrayRef({6, 3, 10, 12}));
  CHECK(at::equal(rest.x, plain.x.narrow(2, 1, 8).narrow(3, 3, 6).to(at::kFloat)));
  CHECK(at::equal(rest.labels, plain.labels));
  for (int64_t i = 0; i < 6; ++i)
    CHECK(rest.labels[i].item<int64_t>() == store->samples()[static_cast<size_t>(i)].label);
}
