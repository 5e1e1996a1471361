// Features of the frozen part of a net: a function of the pixels alone, computed once per photo and kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/observer.h"
#include "data/loader.h"
#include "data/pixel_cache.h"
#include "train/examples.h"
#include "train/feature_shelf.h"

namespace cvtool {

// The few forms in which a photo may come into training, where there are only a few: what a feature cache can hold.
struct FeatureVariants {
  int64_t count = 1;
  bool exact = true;  // the same draws as without a cache; false: a number of drawn views stands for all of them
  std::string key;    // names the forms, for the cache
  // Which one a sample takes in an epoch: 0 .. count-1.
  std::function<int64_t(uint64_t id, uint64_t epoch)> index;
  // Rows [N,C,H,W] in the form `index`; `ids` are their samples'.
  std::function<at::Tensor(const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index)> pixels;
};

// The photo as it is.
FeatureVariants one_outcome();

// What the augmentation `augment` (resolved) makes of a photo: all its forms under nothing or flips, else `views` drawn
// ones. Count 0 where there are too many forms to keep, or where labels are mixed.
FeatureVariants feature_variants_of(const Json& augment, uint64_t seed, int64_t views);

// Pixels [N,C,H,W] RGB 0..255, u8 or f32, on the run's device -> features [N,C,h,w] or [N,D] there. A photo's features
// must not depend on the photos beside it, nor on their number. From several threads at once on the CPU.
using FrozenPart = std::function<at::Tensor(const at::Tensor& pixels)>;

struct FeatureOptions {
  FrozenPart frozen;
  std::function<std::string()> key;  // names what `frozen` computes: base, cut, preprocessing, precision
  std::string cache = "auto";        // ram, disk, or auto: memory while it fits into the budget
  int64_t cache_budget_bytes = 0;    // 0: half of the memory that is free
  int64_t batch = 32;                // of examples()' passes in training
  int64_t rows = 8;                  // photos that fill() has computed at a time
  at::Device device = at::kCPU;
  FeatureVariants variants = one_outcome();
  std::shared_ptr<FeatureShelf> shelf;  // where stores over parts of the same photos keep them together; may be null
  Ranks* ranks = nullptr;  // processes that compute a share each, for all; may be null. They outlive the store
};

class FeatureStore {
 public:
  // `store` is scanned and outlives this.
  FeatureStore(const PhotoStore& store, FeatureOptions options);

  // Computes what is missing, with progress; of several processes, all must ask. Throws Error (interrupted) when the
  // observer asks to stop.
  void fill(Observer& observer);

  // Features of the samples `rows` in the form that each takes in `epoch` (the first form in epoch 0), f32,
  // channels_last, on the device; computed where the cache has none. A photo that has vanished is left out; false
  // when none is left.
  bool examples(const std::vector<size_t>& rows, uint64_t epoch, Examples& out) const;

  // All forms of the samples `rows`, f32 on the device, channels_last, and which of these samples they are: row i * V +
  // v is form v of the i-th. Photos that have vanished are left out; computed where the cache has none.
  struct Forms {
    at::Tensor x;
    std::vector<size_t> rows;
  };
  Forms all_forms(const std::vector<size_t>& rows) const;

  const PhotoStore& photos() const { return store_; }
  const FeatureOptions& options() const { return options_; }
  int64_t bytes() const;                                                                // of all features
  int64_t numbers() const { return static_cast<int64_t>(row_bytes_ / sizeof(float)); }  // of one picture's
  int64_t computed() const { return computed_; }  // pictures that fill() sent through the frozen part

 private:
  bool is_kept(size_t row) const;
  std::vector<size_t> missing_rows() const;
  void fill_alone(std::vector<size_t> rows, Observer& observer);
  void fill_together(const std::vector<size_t>& rows, Observer& observer);
  at::Tensor computed_share(const std::vector<size_t>& rows, Observer& observer) const;
  void keep_share(const std::vector<size_t>& rows, const at::Tensor& share) const;
  void compute_and_keep(const Batch& batch) const;
  at::Tensor room_for(size_t pictures) const;
  bool one_form(size_t row, int64_t outcome, uint8_t* target) const;
  bool compute(size_t row, int64_t outcome, uint8_t* target) const;
  at::Tensor features_of(const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t outcome) const;

  const PhotoStore& store_;
  FeatureOptions options_;
  std::vector<int64_t> shape_;  // of one sample's features
  size_t row_bytes_ = 0;
  size_t kept_at(size_t row, int64_t outcome) const;

  std::shared_ptr<PixelCache> cache_;  // see kept_at; may be null
  std::vector<size_t> shelf_rows_;     // each sample's on the shelf; empty: there is none
  int64_t computed_ = 0;
};

// Passes over a feature store; in training each sample in the form of the epoch, else in its first.
std::unique_ptr<ExampleSource> feature_source(std::shared_ptr<const FeatureStore> features, EpochOrder order,
                                              bool training);

}  // namespace cvtool
