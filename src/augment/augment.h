// Augmentation of a batch, in training only, on the batch's device.
//
// Each picture's draws are a function of (seed, position in the list, kind, epoch, sample id), and each
// picture is worked on by itself: the result does not depend on the batch it is in, on threads or on workers.
// CPU and CUDA run the same tensor operations; on CUDA they take the batch at once, and results may differ in
// the last bit.
//
// Order. Steps act in the order of the list, with these two liberties: neighbouring geometric steps of equal
// fill are one matrix and one resampling, and colour steps (contrast, brightness, saturation, grayscale) that
// stand between geometric ones act behind them. A run of colour steps clips to 0..255 once, at its end.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "spec/augment_kinds.h"

namespace cvtool {

struct AugmentRows {
  at::Tensor pixels;          // [N,C,H,W] u8 or f32, RGB or grey (C 3 or 1) 0..255, any memory format
  at::Tensor labels;          // [N] i64
  std::vector<uint64_t> ids;  // [N] Sample::id
};

struct AugmentedBatch {
  // [N,C,h,w] channels_last, 0..255: f32; of the input's type and exact where the list holds flips alone
  // or nothing.
  at::Tensor pixels;
  at::Tensor labels;  // [N] i64; [N,K] f32 (rows sum to 1) where soft_labels()
};

class Augmenter {
 public:
  // `augment` as resolve_augment takes it. `classes` is K, needed for MixUp and CutMix only.
  // Throws UsageError on wrong names or strengths.
  Augmenter(const Json& augment, uint64_t seed, int64_t classes = 0);
  ~Augmenter();
  Augmenter(Augmenter&&) noexcept;
  Augmenter& operator=(Augmenter&&) noexcept;

  bool empty() const;        // nothing to do
  bool only_flips() const;   // nothing, or flips alone: see FlipOutcomes
  bool soft_labels() const;  // MixUp or CutMix is in the list
  // Height and width that come out for a given input; differs with random_crop only.
  ImageSize output_size(ImageSize input) const;
  // How many samples beyond the batch apply() needs to be independent of the batch size: one for each MixUp
  // and CutMix.
  int64_t lookahead() const;

  // MixUp and CutMix mix row i with row i+1. The partners of the last rows are `following`: the lookahead()
  // samples that come next in the epoch's order (at its end, the epoch's first ones), augmented with the
  // batch and then dropped. With it every sample has the same partner whatever the batch size. Without it the
  // partner of the last row is the first row of the batch: always possible, but then the result depends on
  // where batches begin.
  AugmentedBatch apply(const AugmentRows& batch, uint64_t epoch, const AugmentRows* following = nullptr) const;

  // What eval and predict do instead: the centre of random_crop, nothing else. Same type rules as apply().
  at::Tensor eval_transform(const at::Tensor& pixels) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
