#include "train/photo_pass.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <atomic>
#include <set>
#include <stdexcept>

#include "data/opened_photos.h"
#include "torch/lanes.h"

using namespace cvtool;

namespace {

class Threads {
 public:
  explicit Threads(int count) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

}  // namespace

TEST_CASE("A pass gives every photo once, in order, from any number of lanes") {
  const OpenedPhotos set(13);
  for (const int lanes : {1, 2, 3}) {
    const Threads threads(lanes);
    std::atomic<int> wrong{0};
    PassPlan plan;
    plan.rows = 4;
    plan.work = [&wrong](const Batch& photos) {
      // A lane computes alone, without gradients, with the executor that takes TorchScript as it is.
      wrong += at::get_num_threads() != 1 || at::GradMode::is_enabled() || torch::jit::getGraphExecutorOptimize();
      return std::vector<at::Tensor>{photos.pixels.to(at::kFloat).sum({1, 2, 3})};
    };
    PhotoPass pass(*set.store, in_order(13), plan);
    std::vector<size_t> rows;
    std::vector<int64_t> sizes;
    for (Passed passed; pass.next(passed);) {
      rows.insert(rows.end(), passed.photos.rows.begin(), passed.photos.rows.end());
      sizes.push_back(passed.values.at(0).size(0));
      CHECK_FALSE(passed.photos.pixels.defined());
    }
    CHECK(rows == in_order(13));
    CHECK(sizes == std::vector<int64_t>{4, 4, 4, 1});
    CHECK(wrong == 0);
    CHECK(at::get_num_threads() == lanes);
  }
}

TEST_CASE("What a lane throws comes out in its place, and a pass that is left early ends") {
  const OpenedPhotos set(12);
  const Threads threads(2);
  PassPlan plan;
  plan.rows = 2;
  plan.work = [](const Batch& photos) {
    if (photos.rows[0] == 4) throw std::runtime_error("the third batch");
    return std::vector<at::Tensor>{photos.labels};
  };
  PhotoPass pass(*set.store, in_order(12), plan);
  Passed passed;
  CHECK(pass.next(passed));
  CHECK(pass.next(passed));
  CHECK_THROWS_WITH(pass.next(passed), "the third batch");
  PhotoPass left(*set.store, in_order(12), plan);
  CHECK(left.next(passed));
}

TEST_CASE("Work in lanes is cut into batches of one size, and an error of one is thrown") {
  const at::Tensor x = at::arange(11, at::kFloat).view({11, 1});
  for (const int lanes : {1, 2, 3}) {
    const Threads threads(lanes);
    std::atomic<int> others{0};
    const at::Tensor y = in_lanes(x, 4, [&](const at::Tensor& batch) {
      others += batch.size(0) != 4;
      return batch * 2;
    });
    CHECK(at::equal(y, x * 2));
    CHECK(others == 0);
    CHECK_THROWS_WITH(in_lanes(x, 4,
                               [](const at::Tensor& batch) -> at::Tensor {
                                 if (batch[0].item<float>() == 8) throw std::runtime_error("the last");
                                 return batch;
                               }),
                      "the last");
    CHECK(at::get_num_threads() == lanes);
  }
}
