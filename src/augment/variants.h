// Augmentations of few outcomes: flips for the exact feature cache, and the variants of test-time
// augmentation.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "augment/augment.h"

namespace cvtool {

// Under flips alone a picture has 1, 2 or 4 outcomes. Features of all of them can be kept, and training on
// the kept ones is exact: index() makes the same draw as Augmenter::apply.
class FlipOutcomes {
 public:
  // `augment` and `seed` as Augmenter takes them.
  FlipOutcomes(const Json& augment, uint64_t seed);
  // 1 for an empty list; 2 or 4 for flips; 0 where the list holds anything else, and no cache can be exact.
  int64_t count() const { return count_; }
  // 0 .. count()-1: the outcome that this sample has in this epoch. count() must not be 0.
  int64_t index(uint64_t sample_id, uint64_t epoch) const;
  // All rows of `pixels` [N,C,H,W] in the outcome `index`; 0 is the picture as it is. Type kept,
  // channels_last.
  at::Tensor pixels(const at::Tensor& pixels, int64_t index) const;

 private:
  struct Flip {
    std::string purpose;
    RandomFlip params;
  };
  std::vector<Flip> flips_;
  uint64_t seed_ = 0;
  int64_t count_ = 1;
  bool horizontal_ = false, vertical_ = false;
};

// Test-time augmentation: predict each variant, take the mean of the probabilities.
class TestTimeVariants {
 public:
  // `augment` is the list that the model was trained with: its MixUp, CutMix and erasing are left out. Where
  // nothing remains, variants come from flip=horizontal,zoom=0.1,translation=0.05, without the flip where
  // photos may not be mirrored.
  TestTimeVariants(const TtaPlan& plan, const Json& augment, uint64_t seed, bool may_mirror = true);
  int64_t count() const { return plan_.variants; }
  // Variant 0 .. count()-1 of pixels [N,C,H,W]; 0 is the picture as it is (the centre, with random_crop), 1
  // of "flip" the mirrored one, others are drawn by (seed, index, id).
  at::Tensor variant(const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index) const;

 private:
  TtaPlan plan_;
  Augmenter augmenter_;
};

}  // namespace cvtool
